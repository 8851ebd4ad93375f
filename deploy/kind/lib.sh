# shellcheck shell=sh
# What the scripts of this folder have in common; read by them, not run.

print=false
case ${1:-} in
'') ;;
--print) print=true ;;
*)
    echo "usage: $0 [--print]     --print says every command and runs none" >&2
    exit 2
    ;;
esac

say() { echo "==> $*"; }
die() {
    echo "kind: $*" >&2
    exit 1
}

# run COMMAND...: or with --print, only say it.
run() {
    if $print; then
        echo "$*"
    else
        "$@"
    fi
}

# need TOOL ADDRESS: with --print, nothing is needed.
need() {
    $print || command -v "$1" >/dev/null || die "$1 is missing: see $2"
}

need_tools() {
    need docker https://docs.docker.com/get-started/get-docker/
    need kind https://kind.sigs.k8s.io/docs/user/quick-start/#installation
    need kubectl https://kubernetes.io/docs/tasks/tools/
    need helm https://helm.sh/docs/intro/install/
    $print || docker info >/dev/null 2>&1 || die "docker is installed, but its daemon cannot be reached: is it running?"
}

context=kind-slipway

kube() { run kubectl --context "$context" "$@"; }

# chart NAMESPACE RELEASE CHART ARGUMENTS...: installs or upgrades, and waits until it runs.
chart() {
    namespace=$1 release=$2 name=$3
    shift 3
    run helm --kube-context "$context" upgrade --install "$release" "$name" --namespace "$namespace" --create-namespace \
        --wait --timeout 10m "$@"
}

# slipway TAG: our own chart with this tag of our image. It does not wait: the release is what is watched.
slipway() {
    run helm --kube-context "$context" upgrade --install slipway deploy/helm/slipway --namespace slipway \
        --values deploy/kind/values/slipway.yaml --set-string "image.tag=$1"
}
