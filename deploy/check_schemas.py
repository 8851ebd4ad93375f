"""Checks renderings against the schemas of Kubernetes: see check-schemas."""

import pathlib
import sys

import kubernetes_validate
import yaml

VERSIONS = ("1.30", "1.34")

# Groups with a dot that Kubernetes has itself, https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.34/.
OWN_GROUPS = (".k8s.io",)
# Of others, though they end the same way.
CUSTOM_GROUPS = ("gateway.networking.k8s.io",)


def is_custom(group):
    return "." in group and (group in CUSTOM_GROUPS or not group.endswith(OWN_GROUPS))


def faults(document):
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(document, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield f"Kubernetes {version}: {'.'.join(map(str, error.path)) or '(root)'}: {error.message}"
        except kubernetes_validate.SchemaNotFoundError:
            yield f"Kubernetes {version} has no {document['apiVersion']} {document['kind']}"


def main(folder):
    checked = custom = failures = 0
    for file in sorted(pathlib.Path(folder).glob("*.yaml")):
        for document in filter(None, yaml.safe_load_all(file.read_text())):
            if is_custom(document["apiVersion"].rpartition("/")[0]):
                custom += 1
                continue
            checked += 1
            for fault in faults(document):
                failures += 1
                print(f"check-schemas: FAILED: {file.name}: {document['kind']}: {fault}", file=sys.stderr)
    print(f"check-schemas: {checked} objects checked, {custom} custom resources left out, {failures} failures")
    return bool(failures) or not checked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
