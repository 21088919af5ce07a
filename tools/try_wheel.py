"""Does the library work for those who only use it? Builds the wheel, installs it in a bare environment with the newest fastai and
fastcore, and runs one forward pass there. torch and torchvision are several GB and already lie beside this Python in their pinned versions, so
the bare environment borrows them, by links; everything else is installed afresh, without constraints.txt."""
import re, shutil, subprocess, sys, tempfile, venv
from importlib.metadata import distribution, distributions
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HEAVY = re.compile(r'(torch|torchvision|triton|nvidia-.*|cuda-.*)$')   # torch, and what torch alone needs

TRY = '''
import importlib, pkgutil, sys
import torch, torchvision, fastai, fastcore, d3t_nb
from d3t_nb.model import D3T
assert d3t_nb.__file__.startswith(sys.prefix), f'{d3t_nb.__file__} is not the installed wheel'
torch.manual_seed(0)
model = D3T.from_preset('tiny', n_classes=15, n_joints=13).eval()
with torch.no_grad(): logits = model(torch.rand(2, 3, 8, 64, 64), torch.rand(2, 8, 13, 2) * 64)
assert logits.shape == (2, 15) and logits.isfinite().all(), logits
for m in pkgutil.walk_packages(d3t_nb.__path__, 'd3t_nb.'): importlib.import_module(m.name)
print(f'forward pass {tuple(logits.shape)} with torch {torch.__version__}, torchvision {torchvision.__version__}, '
      f'fastai {fastai.__version__}, fastcore {fastcore.__version__}')
'''

def run(*cmd, **kw):
    if code := subprocess.run([str(c) for c in cmd], **kw).returncode: sys.exit(code)

def say(s): print('-', s, flush=True)

def pins():
    "The pinned versions of torch and torchvision"
    return [l for l in (ROOT/'constraints.txt').read_text().split('\n') if re.match(r'(torch|torchvision)==', l)]

def borrow(site):
    "Links torch and what it alone needs, metadata included, from this environment into `site`"
    for pin in pins():
        name, version = pin.split('==')
        if distribution(name).version.split('+')[0] != version: sys.exit(f'{pin} is wanted, and {name} {distribution(name).version} is installed')
    for d in distributions():
        if not HEAVY.match(d.metadata['Name'].lower().replace('_', '-')): continue
        for top in {f.parts[0] for f in d.files if f.parts[0] not in ('..', '__pycache__')}:
            src, dst = Path(d.locate_file(top)), site/top
            if not dst.exists(): dst.symlink_to(src)

def main():
    with tempfile.TemporaryDirectory() as tmp:
        tmp = Path(tmp); py = tmp/'venv'/'bin'/'python'
        say('building the wheel from a copy, so that no earlier build is in it')
        shutil.copytree(ROOT/'d3t_nb', tmp/'src'/'d3t_nb', ignore=shutil.ignore_patterns('__pycache__'))
        for f in ('setup.py', 'settings.ini', 'README.md', 'LICENSE'): shutil.copy2(ROOT/f, tmp/'src'/f)
        run(sys.executable, '-m', 'pip', 'wheel', '--quiet', '--no-deps', '--wheel-dir', tmp, tmp/'src')
        wheel, = tmp.glob('*.whl')
        say('making a bare environment'); venv.create(tmp/'venv', with_pip=True)
        run(py, '-m', 'pip', 'install', '--quiet', '--upgrade', 'pip')
        borrow(next((tmp/'venv').glob('lib/python*/site-packages')))
        say(f'installing {wheel.name} with the newest fastai and fastcore')
        run(py, '-m', 'pip', 'install', '--quiet', '--progress-bar', 'off', wheel, 'fastai', 'fastcore', *pins())
        run(py, '-m', 'pip', 'check'); run(py, '-c', TRY, cwd=tmp)

if __name__ == '__main__': main()
