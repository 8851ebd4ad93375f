# shellcheck shell=sh
# Read by the checks, not run.

# need TOOL...: ends with a sentence unless all of them are on the PATH. A check that left out what it cannot do would pass.
need() {
    for tool in "$@"; do
        command -v "$tool" >/dev/null && continue
        echo "$(basename "$0"): please install $tool, or run make test, which installs what it needs" >&2
        exit 2
    done
}
