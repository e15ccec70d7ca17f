#!/usr/bin/env python3
"""packaging/manpages.py PROGRAM FOLDER: a man page for each command, made from what its --help says."""
import os, re, subprocess, sys, tempfile, time

program, folder = map(os.path.abspath, sys.argv[1:])
date = time.strftime('%Y-%m-%d', time.gmtime(int(os.environ.get('SOURCE_DATE_EPOCH', '0'))))
nowhere = tempfile.TemporaryDirectory()   # what is configured here is in nobody's manual


def said(*words):
    return subprocess.run([program, *words], check=True, capture_output=True, text=True, cwd=nowhere.name,
                          env={'PATH': '/usr/bin:/bin', 'HOME': nowhere.name}).stdout


version = said('version').split()[1]


def help_of(words):
    text = said(*words, '--help')
    sections = {}
    for line in text.split('\n'):
        if re.match(r'[A-Z][a-z ]+:$', line):
            sections[line[:-1]] = current = []
        elif line or sections:
            current.append(line[2:] if line.startswith('  ') else line)
    return {name: '\n'.join(lines).strip('\n').split('\n') for name, lines in sections.items()}


def plain(text):
    """Text as roff takes it: no letter of it is a command."""
    text = text.replace('\\', '\\e').replace('-', '\\-').replace("'", '\\(aq').replace('`', '\\(ga')
    text = re.sub('[^\x00-\x7f]', lambda found: f'\\[u{ord(found[0]):04X}]', text)
    return '\\&' + text if text.startswith(('.', "'")) else text


def pairs(lines):
    """What stands in two columns: the word, then what it means."""
    for line in lines:
        word, _, about = line.strip().partition('  ')
        yield word, about.strip()


def write(words):
    parts = help_of(words)
    name = '-'.join(['muster', *words]).replace('/', '-')
    about = parts['Description']
    page = [f'.TH {plain(name.upper())} 1 {date} "muster {version}" "Muster"', '.SH NAME',
            f'{plain(name)} \\- {plain(about[0].rstrip("."))}', '.SH SYNOPSIS', '.nf', *map(plain, parts['Usage']), '.fi']
    if any(about[1:]):
        page += ['.SH DESCRIPTION', '.nf', *map(plain, about[1:]), '.fi']
    for section in ('Arguments', 'Options'):
        if section in parts:
            page.append(f'.SH {section.upper()}')
            for word, meaning in pairs(parts[section]):
                page += ['.TP', f'.B {plain(word)}', plain(meaning)]
    below = []
    if 'Commands' in parts:
        page.append('.SH COMMANDS')
        for word, meaning in pairs(parts['Commands']):
            below.append(word.split()[0].rstrip(','))
            page += ['.TP', f'.BR {plain("-".join([name, below[-1]]).replace("/", "-"))} (1)', plain(meaning)]
    elif words:
        page += ['.SH SEE ALSO', f'.BR {plain("-".join(["muster", *words[:-1]]))} (1)']
    with open(os.path.join(folder, name + '.1'), 'w') as file:
        file.write('\n'.join(page) + '\n')
    for word in below:
        write([*words, word])


os.makedirs(folder, exist_ok=True)
write([])
