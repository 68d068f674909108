#!/usr/bin/env bash
# Runs a command with the engine built under AddressSanitizer and UndefinedBehaviorSanitizer (gcc).
#
#     tests/sanitize.sh                                    # memory, misuse, the compiler
#     tests/sanitize.sh tests/engine/fuzz.py --seconds 300
#
# The first error ends the process with a report. Values are not reused, so that each use of one
# that is gone is seen; leaks are tested elsewhere.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
git ls-files -z --cached --others --exclude-standard | xargs -0 cp --parents -t "$work"
cd "$work"

sanitizers="-fsanitize=address,undefined"
CFLAGS="$sanitizers -fno-sanitize-recover=undefined -fno-omit-frame-pointer -DCYTHON_USE_FREELISTS=0" \
    LDFLAGS=$sanitizers python setup.py -q build_ext --inplace 2>/dev/null

LD_PRELOAD="$(gcc -print-file-name=libasan.so) $(gcc -print-file-name=libubsan.so)"
export LD_PRELOAD ASAN_OPTIONS=detect_leaks=0 PYTHONMALLOC=malloc PYTHONPATH=$work
python -c "import autograd_lite; assert autograd_lite.compiled, 'the extension was not built'"

if [ $# -gt 0 ]; then
    python "$@"
else
    python -m pytest -q -x tests/engine/test_{backward,copying,handmade,hardening,nary,threads}.py \
        tests/engine/test_{functions_operation,observers_no_grad,value_operands}.py \
        tests/nn/test_optim{,_memory}.py tests/compiler
fi
