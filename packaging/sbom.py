#!/usr/bin/env python3
"""packaging/sbom.py FOLDER VERSION RID: what is in the program, as CycloneDX JSON, and the licences of all of it.

The packages are those of the lock file; who wrote them and how they may be used is in the packages themselves.
"""
import base64, glob, json, os, re, sys, uuid
import xml.etree.ElementTree as xml

folder, version, rid = sys.argv[1:]
here = os.path.dirname(os.path.abspath(__file__))
store = os.environ.get('NUGET_PACKAGES') or os.path.expanduser('~/.nuget/packages')
native = rid.startswith('linux')
# Packages that say where their licence is rather than which one it is.
known = {'XmpCore': 'BSD-3-Clause', 'SQLite': 'blessing'}
sources = {name: here + f'/licences/{name}.txt' for name in ('MIT', 'PostgreSQL', 'BSD-3-Clause', 'blessing')}
sources['Apache-2.0'] = here + '/../LICENSE'


def described(name, number):
    spec = xml.parse(glob.glob(f'{store}/{name.lower()}/{number}/*.nuspec')[0]).getroot()
    found = {re.sub('{.*}', '', one.tag): one for one in spec[0]}
    licence = found.get('license')
    licence = licence.text if licence is not None and licence.get('type') == 'expression' else known.get(name)
    if licence not in sources:
        sys.exit(f"error: the licence of {name} {number} is not known here: {licence}\n  fix: add its text to packaging/licences")
    author = found.get('copyright') if found.get('copyright') is not None else found['authors']
    return licence, author.text.strip()


components = []


def add(name, number, purl, licence, author, digest=None):
    one = {'type': 'library', 'bom-ref': purl, 'name': name, 'version': number, 'copyright': author,
           'licenses': [{'license': {'id': licence}}], 'purl': purl}
    if digest:
        one['hashes'] = [{'alg': 'SHA-512', 'content': digest}]
    components.append(one)


locked = json.load(open(here + '/../src/Muster/packages.lock.json'))['dependencies']['net10.0']
for name, entry in locked.items():
    if 'resolved' in entry and not (native and name == 'SQLite'):
        number = entry['resolved']
        add(name, number, f'pkg:nuget/{name}@{number}', *described(name, number),
            base64.b64decode(entry['contentHash']).hex())
if native:
    text = open(here + '/../.build/sqlite/source/sqlite3.h').read()
    number = re.search(r'#define SQLITE_VERSION +"([0-9.]+)"', text)[1]
    add('SQLite', number, f'pkg:generic/sqlite@{number}', 'blessing', 'in the public domain')
packs = [f'microsoft.netcore.app.runtime.{"nativeaot." if native else ""}{rid}', f'microsoft.aspnetcore.app.runtime.{rid}']
notices = []
for pack in packs:
    at = sorted(glob.glob(f'{store}/{pack}/*'))[-1]
    number = os.path.basename(at)
    add(pack, number, f'pkg:nuget/{pack}@{number}', 'MIT', '.NET Foundation and contributors')
    notices += [path for path in glob.glob(at + '/*') if os.path.basename(path).upper() == 'THIRD-PARTY-NOTICES.TXT']
components.sort(key=lambda one: one['name'].lower())

purl = f'pkg:generic/muster@{version}?os={rid}'
bom = {
    'bomFormat': 'CycloneDX', 'specVersion': '1.5', 'version': 1,
    'serialNumber': 'urn:uuid:' + str(uuid.uuid5(uuid.NAMESPACE_URL, purl + json.dumps(components))),
    'metadata': {'component': {'type': 'application', 'bom-ref': purl, 'name': 'muster', 'version': version, 'purl': purl,
                               'licenses': [{'license': {'id': 'Apache-2.0'}}]}},
    'components': components,
    'dependencies': [{'ref': purl, 'dependsOn': [one['bom-ref'] for one in components]}],
}
os.makedirs(folder, exist_ok=True)
with open(folder + '/sbom.cdx.json', 'w') as file:
    json.dump(bom, file, indent=1)
    file.write('\n')
with open(folder + '/THIRD-PARTY.txt', 'w') as file:
    file.write('What is in this program beside Muster itself, and how it may be used.\n\n')
    for one in components:
        file.write(f"{one['name']} {one['version']}: {one['licenses'][0]['license']['id']}; {one['copyright']}\n")
    for licence in sorted({one['licenses'][0]['license']['id'] for one in components}):
        file.write(f'\n{"=" * 78}\n{licence}\n{"=" * 78}\n{open(sources[licence]).read()}')
    for path in notices:
        file.write(f'\n{"=" * 78}\nNotices of {path.split("/")[-3]}\n{"=" * 78}\n{open(path, encoding="utf-8-sig").read()}')
