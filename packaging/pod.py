#!/usr/bin/python3
"""packaging/pod.py MANIFEST PORT: the pod of its StatefulSet, as `podman play kube` takes one (4.3: no StatefulSet).

Podman asks a probe inside the container, where the image has nothing to ask with; so there are none. The network is
the machine's, as a checking machine may have no bridge.
"""
import sys, yaml

manifest, port = sys.argv[1:]
with open(manifest) as file:
    whole = next(one for one in yaml.safe_load_all(file) if one['kind'] == 'StatefulSet')
pod = whole['spec']['template']['spec']
pod['hostNetwork'] = True
for claim in whole['spec']['volumeClaimTemplates']:
    name = claim['metadata']['name']
    pod['volumes'].append({'name': name, 'persistentVolumeClaim': {'claimName': name}})
for container in pod['containers']:
    for name in ('ports', 'startupProbe', 'readinessProbe', 'livenessProbe'):
        del container[name]
    container['args'] += ['--port', port, '--admin-cli-port', '0', '--admin-web-port', '0']
yaml.safe_dump({'apiVersion': 'v1', 'kind': 'Pod', 'metadata': {'name': 'muster'}, 'spec': pod}, sys.stdout)
