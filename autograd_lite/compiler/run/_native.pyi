from array import array

LANES: int
LONGEST_SUM: int
FUNCTIONS: list[str]
LIBM: list[str]

def collect(numbers: array[float], places: array[int], out: array[float] | None) -> bool: ...
def run(rows: array[int], owners: object) -> None: ...
def call(function: int, memory: int, indices: int, library: object) -> None: ...
