"""README.md from nbs/index.ipynb, outputs included. nbdev_readme does this with Quarto; this needs nothing, so that a test can see whether README.md is in sync."""
import json, posixpath, re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NOTE = '<!-- Made from nbs/index.ipynb by `make readme`: edit that. -->\n'

def from_root(text):
    "Links of a page in nbs/, seen from the top of the project"
    def move(m): return m[1] + (m[2] if re.match(r'[a-z]+:|#', m[2]) else posixpath.normpath('nbs/' + m[2]))
    return re.sub(r'(\]\()([^)\s]+)', move, text)

def shown(output):
    "One stored output as Markdown"
    if output['output_type'] == 'stream': return '```\n' + ''.join(output['text']).rstrip() + '\n```'
    data = {k: ''.join(v) for k, v in output['data'].items()}
    if 'text/markdown' in data: return from_root(data['text/markdown'])
    if any(k.startswith('image/') for k in data): raise ValueError('index.ipynb: save the picture in nbs/images and link to it; GitHub shows no outputs')
    return '```\n' + data['text/plain'] + '\n```'

def parts(cell):
    "What a reader sees of a cell"
    source = ''.join(cell['source'])
    if cell['cell_type'] == 'markdown': yield from_root(source); return
    flags = {re.sub(r'\s', '', l[2:]) for l in source.splitlines() if l.startswith('#|')}
    if cell['cell_type'] != 'code' or 'hide' in flags: return
    code = '\n'.join(l for l in source.splitlines() if not l.startswith('#|')).strip()
    if code and 'echo:false' not in flags: yield f'```python\n{code}\n```'
    if 'output:false' not in flags: yield from map(shown, cell['outputs'])

def readme():
    "The text of README.md"
    nb = json.loads((ROOT/'nbs'/'index.ipynb').read_text(encoding='utf-8'))
    text = '\n\n'.join(p.strip() for c in nb['cells'] for p in parts(c) if p.strip())
    return f'{NOTE}\n{text}\n'

if __name__ == '__main__':
    (ROOT/'README.md').write_text(readme(), encoding='utf-8')
    print('README.md written from nbs/index.ipynb')
