"""Is the house in order? Modules say what the notebooks say, notebooks are clean, nothing imports upwards, links lead somewhere."""
import ast, configparser, importlib, inspect, json, os, re, shutil, subprocess, sys
from pathlib import Path
import pytest, yaml

ROOT = Path(__file__).resolve().parent.parent
NBS = {p.name: json.loads(p.read_text(encoding='utf-8')) for p in sorted((ROOT/'nbs').glob('*.ipynb'))}
cells = lambda nb, kind: [''.join(c['source']) for c in nb['cells'] if c['cell_type'] == kind]
each_notebook = pytest.mark.parametrize('name', NBS)

def number(name):
    "Where a notebook stands in the reading order: 06b_geometry.ipynb -> '06b'"
    m = re.match(r'(\d+[a-z]?)_', name)
    return m[1] if m else '99'                          # index reads what all others made

def files(folder): return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob('*.py'))}

@pytest.fixture(scope='module')
def copy(tmp_path_factory):
    "The notebooks without the modules, exported, processed for the docs and cleaned elsewhere, so that nothing here is touched"
    tmp = tmp_path_factory.mktemp('house')
    shutil.copy(ROOT/'settings.ini', tmp); shutil.copytree(ROOT/'nbs', tmp/'nbs')
    env = {k: v for k, v in os.environ.items() if k != 'IN_TEST'}
    code = '''if True:
        from nbdev.doclinks import nbdev_export
        from nbdev.clean import nbdev_clean
        from nbdev.serve import proc_nbs
        if __name__ == '__main__': nbdev_export.__wrapped__(); nbdev_clean.__wrapped__(); proc_nbs(n_workers=0)'''
    subprocess.run([sys.executable, '-c', code], cwd=tmp, env=env, check=True)
    return tmp

def test_modules_in_sync(copy):
    here, there = files(ROOT/'d3t_nb'), files(copy/'d3t_nb')
    assert here.keys() == there.keys(), 'modules without a notebook, or notebooks without a module: run nbdev_export'
    assert [k for k in here if here[k] != there[k]] == [], 'these modules differ from their notebooks: run nbdev_export'

@each_notebook
def test_notebook_is_clean(copy, name):
    assert (ROOT/'nbs'/name).read_bytes() == (copy/'nbs'/name).read_bytes(), f'run nbdev_clean --fname nbs/{name}'

def test_readme_in_sync():
    sys.path.insert(0, str(ROOT/'tools'))
    import readme
    assert (ROOT/'README.md').read_text(encoding='utf-8') == readme.readme(), 'run make readme'

@pytest.mark.parametrize('name', ['index.ipynb', 'reviewers.ipynb'])
def test_tables_in_sync(monkeypatch, name):
    "What these pages show is what results/ says now"
    from execnb.shell import CaptureShell
    monkeypatch.chdir(ROOT/'nbs'); shell, n = CaptureShell(), 0
    for c in NBS[name]['cells']:
        source = ''.join(c['source'])
        if c['cell_type'] != 'code' or not re.match(r'#\|\s*(hide\n.*import|echo:\s*false|code-fold)', source): continue
        now = [o['data']['text/markdown'] for o in shell.run(source) if 'text/markdown' in o.get('data', {})]
        stored = [o['data']['text/markdown'] for o in c['outputs'] if 'text/markdown' in o.get('data', {})]
        assert [''.join(o) for o in now] == [''.join(o) for o in stored], f'run nbs/{name} again, then make readme'
        n += len(stored)
    assert n

def imports(source):
    "Modules of d3t_nb that a cell imports, as dotted names"
    try: tree = ast.parse(re.sub(r'^\s*[%!].*$', 'pass', source, flags=re.M))
    except SyntaxError: return set()
    found = set()
    for n in ast.walk(tree):
        if isinstance(n, ast.ImportFrom) and n.module and n.module.split('.')[0] == 'd3t_nb':
            found |= {n.module} | {f'{n.module}.{a.name}' for a in n.names}
        if isinstance(n, ast.Import): found |= {a.name for a in n.names if a.name.startswith('d3t_nb.')}
    return found

@each_notebook
def test_imports_from_lower_numbers_alone(name):
    owner = {m[1]: k for k, nb in NBS.items() for s in cells(nb, 'code') if (m := re.match(r'#\|\s*default_exp\s+(\S+)', s))}
    used = {owner[i.removeprefix('d3t_nb.')] for s in cells(NBS[name], 'code') for i in imports(s) if i.removeprefix('d3t_nb.') in owner}
    assert [o for o in used - {name} if number(o) >= number(name)] == []

def test_names_of_modules(capsys):
    "A module uses no name that only its notebook knows, and imports nothing in vain (a comment beside an import says why it stays)"
    from pyflakes.api import checkRecursive
    from pyflakes.reporter import Reporter
    checkRecursive([str(ROOT/'d3t_nb')], Reporter(sys.stdout, sys.stdout))
    said = [re.match(r'(.*?):(\d+):\d+:? (.*)', l).groups() for l in capsys.readouterr().out.splitlines()]
    excused = lambda path, line: '#' in Path(path).read_text(encoding='utf-8').splitlines()[int(line) - 1]
    assert [f'{Path(p).name}:{n} {what}' for p, n, what in said if not ('imported but unused' in what and excused(p, n))] == []

def links(text):
    text = re.sub(r'```.*?```|`[^`\n]*`', '', text, flags=re.S)
    return re.findall(r'\]\(([^)\s]+)\)', text) + re.findall(r'''<(?:img|a)\s[^>]*?(?:src|href)=["']([^"']+)''', text)

def dead(text, folder):
    local = [u.split('#')[0] for u in links(text) if not re.match(r'[a-z]+:|#|attachment', u)]
    return [u for u in local if u and not (folder/u).exists()]

def said_in_markdown(nb):
    "Text cells, and what code cells said in markdown"
    out = [o.get('data', {}).get('text/markdown', '') for c in nb['cells'] for o in c.get('outputs', ())]
    return '\n\n'.join(cells(nb, 'markdown') + [''.join(o) for o in out])

@each_notebook
def test_links_of_notebook(name): assert dead(said_in_markdown(NBS[name]), ROOT/'nbs') == []

@pytest.fixture(scope='module')
def commands():
    "Each command of ours with the options that it has"
    ini = configparser.ConfigParser(); ini.read(ROOT/'settings.ini')
    there = (line.split('=') for line in ini['DEFAULT']['console_scripts'].split())
    named = ((name, *place.split(':')) for name, place in there)
    given = lambda m, f: inspect.signature(inspect.unwrap(getattr(importlib.import_module(m), f))).parameters.values()
    return {name: {p.name for p in given(m, f) if p.default is not p.empty} for name, m, f in named}

def unknown_options(text, commands):
    "Options in `text` that the command before them does not have"
    said = re.findall(r'(d3t_\w+)((?:(?!d3t_)[^\n`"])*)', text.replace('\\\n', ' '))
    return [f'{name} --{o}' for name, rest in said if name in commands for o in re.findall(r'--([a-z]\w*)', rest) if o not in commands[name] | {'help'}]

def test_unknown_options_are_found(commands):
    assert unknown_options('Say `d3t_predict film.mp4 --out a.mp4 --help`', commands) == []
    assert unknown_options('    d3t_predict film.mp4 \\\n --video seen.mp4', commands) == ['d3t_predict --video']

@each_notebook
def test_options_in_a_notebook_exist(name, commands):
    assert unknown_options('\n\n'.join([said_in_markdown(NBS[name]), *cells(NBS[name], 'code')]), commands) == []

@pytest.mark.parametrize('name', ['README.md', 'Makefile', *(f'scripts/{f.name}' for f in (ROOT/'scripts').iterdir())])
def test_options_in_a_file_exist(name, commands): assert unknown_options((ROOT/name).read_text(encoding='utf-8'), commands) == []

def anchors(text):
    "What Quarto calls the headings of a page"
    heads = [re.sub(r'[`*$]|\[(.*?)\]\(.*?\)', r'\1', h) for h in re.findall(r'^#+ +(.*)$', re.sub(r'```.*?```', '', text, flags=re.S), re.M)]
    return {re.sub(r'^[^a-z]+', '', re.sub(r'[^\w. -]', '', h.lower()).strip().replace(' ', '-')) for h in heads}

@each_notebook
def test_links_into_a_page_meet_a_heading(name):
    inside = [u.split('#') for u in links(said_in_markdown(NBS[name])) if '#' in u and not re.match(r'[a-z]+:', u)]
    assert [f'{page}#{at}' for page, at in inside if at not in anchors('\n\n'.join(cells(NBS[page or name], 'markdown')))] == []

@each_notebook
def test_pictures_have_captions(name):
    "A caption becomes the alternative text; pictures that are HTML carry their own"
    bare = []
    for c in NBS[name]['cells']:
        data, source = [o.get('data', {}) for o in c.get('outputs', ())], ''.join(c['source'])
        html = ''.join(''.join(d.get('text/html', '')) for d in data)
        alone = [t for t in re.findall(r'<(?:img|svg|video)\b[^>]*', html) if not re.search(r'(?:alt|aria-label|title)="[^"]+"', t)]
        if any('image/png' in d or 'image/svg+xml' in d for d in data) and not re.search(r'#\|\s*(fig-cap|hide)', source) or alone: bare.append(c['id'])
    images = re.findall(r'!\[([^\]]*)\]\(', re.sub(r'`[^`]*`', '', '\n'.join(cells(NBS[name], 'markdown'))))
    assert bare == [] and all(images)

@each_notebook
def test_nothing_of_quarto_is_left_over(copy, name):
    "Nothing that Quarto would print as it stands: directives behind code, attributes behind nothing, references to other pages"
    processed = json.loads((copy/'_proc'/name).read_text(encoding='utf-8'))
    text = re.sub(r'```.*?```|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]+\$', '', '\n\n'.join(cells(processed, 'markdown')), flags=re.S)
    assert re.findall(r'^#\|.*|(?<![\])}>\w-])\{[#.][\w-]+.*?\}(?!\s*\n)|@(?:fig|tbl|eq|sec)-[\w-]+(?=\.ipynb)|\{\{<.*?>\}\}', re.sub(r'^:::.*$', '', text, flags=re.M), flags=re.M) == []

@each_notebook
def test_formulas_are_whole(name):
    text = [re.sub(r'```.*?```|`[^`\n]*`', '', s, flags=re.S) for s in cells(NBS[name], 'markdown')]
    assert [s for s in text if re.search(r'\\\\[a-zA-Z,;]', s)] == []                   # two backslashes: a new line and a word
    assert [p for s in text for p in re.sub(r'\$\$.*?\$\$', '', s, flags=re.S).split('\n\n') if p.count('$') % 2] == []

def test_links_of_readme(): assert dead((ROOT/'README.md').read_text(encoding='utf-8'), ROOT) == []

DIRECTIVES = set('''default_exp export exports exporti hide hide_input hide_output eval echo output code-fold code-summary fig-cap fig-alt
    label include warning filter_stream notest slow cuda layout-ncol layout column tbl-cap skip_showdoc hide_line'''.split())

@each_notebook
def test_directives_that_nbdev_would_ignore(name):
    bad = []
    for s in cells(NBS[name], 'code'):
        body = False
        for line in s.splitlines():
            m = re.match(r'\s*#\|\s*(([\w-]+)(:?).*)', line)
            if not m: body = body or bool(line.strip()); continue
            flag = m[2] in ('notest', 'slow', 'cuda')           # want no colon; eval wants one
            if body or m[2] not in DIRECTIVES or flag and m[3] or m[2] == 'eval' and not m[3]: bad.append(m[1])
    assert bad == []

@each_notebook
def test_page(copy, name):
    "One H1 (or a title), balanced fences, figure references that exist, no errors kept as output"
    nb = NBS[name]; prose = re.sub(r'```.*?```', '', '\n\n'.join(cells(nb, 'markdown')), flags=re.S)
    assert re.search(r'\A\s*(---|# )', prose), 'the first text cell has no title'
    fences = re.findall(r'^:::+\s*(\{?)', prose, flags=re.M)
    assert fences.count('{') * 2 == len(fences), 'a ::: block is opened and not closed'
    labels = set(re.findall(r'#\|\s*label:\s*(\S+)', '\n'.join(cells(nb, 'code')))) | set(re.findall(r'\{#([\w-]+)', prose))
    assert set(re.findall(r'(?<![\w`])@((?:fig|tbl)-[\w-]+)', prose)) <= labels
    assert [o.get('evalue') for c in nb['cells'] for o in c.get('outputs', []) if o['output_type'] == 'error'] == []
    processed = json.loads((copy/'_proc'/name).read_text(encoding='utf-8'))
    assert [s for s in cells(processed, 'code') if re.search(r'^#\|\s*(default_exp|exports?i?|hide)\s*$', s, re.M)] == [], 'a directive would show on the page'

def test_sidebar_lists_every_notebook_once():
    def walk(o): return [o] if isinstance(o, str) else [s for i in (o if isinstance(o, list) else [o.get('href'), o.get('contents', [])]) if i for s in walk(i)]
    listed = walk(yaml.safe_load((ROOT/'nbs'/'sidebar.yml').read_text())['website']['sidebar']['contents'])
    assert sorted(listed) == sorted(NBS)

@each_notebook
def test_outputs_name_no_folder_of_this_machine(name):
    said = json.dumps([[o.get('text'), (o.get('data') or {}).get('text/plain'), (o.get('data') or {}).get('text/html')]
                       for c in NBS[name]['cells'] for o in c.get('outputs', ())])
    assert not re.search(r'/tmp/|/home/|/root/|' + re.escape(str(ROOT.parent)) + '/', said)

def test_quarto_link(): assert (ROOT/'_quarto.yml').is_symlink() and os.readlink(ROOT/'_quarto.yml') == 'nbs/_quarto.yml'

def test_site_is_light_and_dark():
    site = yaml.safe_load((ROOT/'nbs'/'_quarto.yml').read_text())
    assert set(site['format']['html']['theme']) == {'light', 'dark'} and '.quarto-dark' in (ROOT/'nbs'/site['format']['html']['css']).read_text()
    assert site['website']['navbar']['search'] is True
