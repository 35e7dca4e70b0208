# What stories in the shell share. Sourced; suite is the story's name, $tmp its folder.
passed=0 failed=0

# check NAME WANT GOT
check() {
    if [ "$2" == "$3" ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        printf 'FAILED: %s: %s\n--- want\n%s\n--- got\n%s\n' "${suite:?}" "$1" "$(head -8 <<<"$2")" "$(head -8 <<<"$3")"
    fi
}

# wait_for CONDITION...
wait_for() {
    for _ in $(seq 600); do
        "$@" && return
        sleep 0.1
    done
    echo "${suite:?}: waited a minute for: $*"
}

# total NAME: of the counters that a sensor, whose log is $tmp/err, told at its end
total() { grep -a '"Total metrics"' $tmp/err | jq ".monitoring.metrics.wirelume.$1 // 0"; }

verdict_of_all() {
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
}
