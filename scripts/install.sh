# shellcheck shell=sh
# Read by scripts that need servers of Debian, not run.

# install_unless BINARY PACKAGE: installs a Debian package unless its program is there. No service is to be left running: in
# run level 1, none is started.
install_unless() {
    ! command -v "$1" >/dev/null || return 0
    echo "$(basename "$0"): installing $2" >&2
    if ! { apt-get -q update &&
        DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q install -y --no-install-recommends "$2"; } >&2; then
        echo "$(basename "$0"): please install $1 (on Debian: apt-get install $2)" >&2
        exit 1
    fi
}
