# For suites that compare with a reference's answers, which are too large to be part of the project:
# captures/, golden/ and tools/ in the directory WIRELUME_SHARED (default ../shared). Sourced.
shared=${WIRELUME_SHARED:-../shared}
if [ ! -x "$shared/tools/replay" ] || [ ! -f "$shared/golden/manifest.tsv" ]; then
    echo "${suite:?}: skipped: no reference answers in $shared (set WIRELUME_SHARED)"
    echo '0 passed, 0 failed, 1 skipped'
    exit
fi
program=build/release/wirelume
[ -x $program ] || { echo "$suite: no $program: make release"; echo '0 passed, 1 failed'; exit 1; }
passed=0 failed=0

verdict() { # verdict STATUS NAME
    if [ "$1" -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED: $2"
    fi
}
