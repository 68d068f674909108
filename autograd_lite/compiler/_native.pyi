from array import array

LANES: int
LONGEST_SUM: int
FUNCTIONS: int

def run(calls: array[int], owners: object) -> None: ...
