#!/usr/bin/env python3
"""packaging/oci.py PROGRAM VERSION ARCHIVE: an OCI image with the program and the libraries it opens, and nothing else.

`podman load` and `docker load` take it. There is no shell in it: it is a gateway, and the nodes behind it are elsewhere.
"""
import gzip, hashlib, io, json, os, sys, tarfile, time

program, version, archive = sys.argv[1:]
when = int(os.environ['SOURCE_DATE_EPOCH'])
user = 4242
libraries = '/lib/x86_64-linux-gnu/'
opened = ['libc.so.6', 'libm.so.6', 'libssl.so.3', 'libcrypto.so.3', 'libdl.so.2', 'libpthread.so.0']


def entry(tar, name, content=b'', mode=0o644, owner=0, kind=tarfile.REGTYPE):
    one = tarfile.TarInfo(name)
    one.size, one.mode, one.uid, one.gid, one.mtime, one.type = len(content), mode, owner, owner, when, kind
    tar.addfile(one, io.BytesIO(content) if kind == tarfile.REGTYPE else None)


def folder(tar, name, mode=0o755, owner=0):
    entry(tar, name, mode=mode, owner=owner, kind=tarfile.DIRTYPE)


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def layer():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=tarfile.GNU_FORMAT) as tar:
        for name in ('etc', 'etc/ssl', 'etc/ssl/certs', 'lib', 'lib/x86_64-linux-gnu', 'lib64', 'usr', 'usr/bin', 'usr/share',
                     'usr/share/doc', 'var', 'var/lib'):
            folder(tar, name)
        folder(tar, 'tmp', 0o1777)
        folder(tar, 'var/lib/muster', 0o700, user)
        entry(tar, 'etc/passwd', f'root:x:0:0:root:/:/\nmuster:x:{user}:{user}:muster:/var/lib/muster:/\n'.encode())
        entry(tar, 'etc/group', f'root:x:0:\nmuster:x:{user}:\n'.encode())
        entry(tar, 'etc/nsswitch.conf', b'hosts: files dns\n')
        entry(tar, 'etc/ssl/certs/ca-certificates.crt', read('/etc/ssl/certs/ca-certificates.crt'))
        entry(tar, 'lib64/ld-linux-x86-64.so.2', read('/lib64/ld-linux-x86-64.so.2'), 0o755)
        for name in opened:
            path = next(one for one in (libraries + name, '/usr' + libraries + name) if os.path.exists(one))
            entry(tar, libraries[1:] + name, read(path), 0o755)
        for package in ('libc6', 'libssl3'):
            folder(tar, f'usr/share/doc/{package}')
            entry(tar, f'usr/share/doc/{package}/copyright', read(f'/usr/share/doc/{package}/copyright'))
        entry(tar, 'usr/bin/muster', read(program), 0o755)
    return out.getvalue()


def packed(content):
    out = io.BytesIO()
    with gzip.GzipFile(fileobj=out, mode='wb', compresslevel=9, mtime=0) as file:
        file.write(content)
    return out.getvalue()


blobs = {}


def blob(content, kind):
    digest = hashlib.sha256(content).hexdigest()
    blobs[digest] = content
    return {'mediaType': f'application/vnd.oci.image.{kind}', 'digest': f'sha256:{digest}', 'size': len(content)}


plain = layer()
stamp = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(when))
config = {
    'created': stamp, 'architecture': 'amd64', 'os': 'linux',
    'config': {
        'User': f'{user}:{user}', 'Entrypoint': ['/usr/bin/muster'], 'WorkingDir': '/var/lib/muster',
        'Cmd': ['serve', '--bind', '0.0.0.0', '--engine', 'none', '--data', '/var/lib/muster', '--log-format', 'json'],
        'Env': ['PATH=/usr/bin', 'HOME=/var/lib/muster'], 'ExposedPorts': {'3000/tcp': {}},
        'Volumes': {'/var/lib/muster': {}}, 'StopSignal': 'SIGTERM',
        'Labels': {'org.opencontainers.image.title': 'muster', 'org.opencontainers.image.version': version,
                   'org.opencontainers.image.licenses': 'Apache-2.0'},
    },
    'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(plain).hexdigest()]},
    'history': [{'created': stamp, 'created_by': 'packaging/oci.py'}],
}
manifest = {
    'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.manifest.v1+json',
    'config': blob(json.dumps(config, sort_keys=True).encode(), 'config.v1+json'),
    'layers': [blob(packed(plain), 'layer.v1.tar+gzip')],
}
index = {
    'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.index.v1+json',
    'manifests': [blob(json.dumps(manifest, sort_keys=True).encode(), 'manifest.v1+json')
                  | {'platform': {'architecture': 'amd64', 'os': 'linux'},
                     'annotations': {'org.opencontainers.image.ref.name': f'localhost/muster:{version}'}}],
}
with tarfile.open(archive, 'w', format=tarfile.GNU_FORMAT) as tar:
    entry(tar, 'oci-layout', b'{"imageLayoutVersion": "1.0.0"}')
    entry(tar, 'index.json', json.dumps(index, sort_keys=True).encode())
    folder(tar, 'blobs')
    folder(tar, 'blobs/sha256')
    for digest in sorted(blobs):
        entry(tar, f'blobs/sha256/{digest}', blobs[digest])
