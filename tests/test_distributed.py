"""Two processes over gloo, started by torchrun: what they learn together is what one would learn, and a killed run goes on."""
import json, os, subprocess, sys
from pathlib import Path
import pytest, torch
from d3t_nb.data.synthetic import Synthetic
from d3t_nb.model import D3T
from d3t_nb.runs import scores_of
from d3t_nb.training import get_dls, get_learner

here = Path(__file__).parent

@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('distributed')
    Synthetic(folder / 'drawn', n_clips=60, size=32)
    return folder

def launch(*args):
    "Two processes; -> exit code, stdout, stderr"
    torchrun = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2', here / 'distributed_worker.py']
    env = {**os.environ, 'OMP_NUM_THREADS': '1', 'CUDA_VISIBLE_DEVICES': '', 'PYTHONPATH': str(here.parent)}
    done = subprocess.run([*map(str, torchrun), *map(str, args)], capture_output=True, text=True, env=env, timeout=200)
    return done.returncode, done.stdout, done.stderr

def run_of(folder, variant):
    path, = folder.glob(f'runs/synthetic/*/tiny/probe/{variant}/seed0.json')
    return json.loads(path.read_text()), path.with_suffix('')

def test_gradients_are_those_of_the_joined_batch(folder):
    code, out, err = launch('gradients', folder)
    assert code == 0, err
    cases = [line.split() for line in out.splitlines() if line.startswith('case')]
    assert [name for _, name, *_ in cases] == ['default', 'recompute', 'unread']
    for _, name, grads, stats in cases: assert float(grads) < 1e-3 and float(stats) < 1e-5, (name, grads, stats)

def test_a_run_counts_each_clip_once_and_is_written_once(folder):
    code, out, err = launch('run', folder, 'whole')
    assert code == 0, err
    result, kept = run_of(folder, 'whole')
    assert result['recipe']['processes'] == 2 and len(result['history']) == 3
    assert len([line for line in out.splitlines() if line[:1].isdigit()]) == 3                 # one line an epoch
    model = D3T.from_pretrained(kept / 'last')
    dls = get_dls(Synthetic(folder / 'drawn', n_clips=60, size=32), model.config, bs=4, device='cpu')
    assert len(dls.valid_ds) % 2 == 1                                                         # so that one clip is there twice
    learn = get_learner(dls, model, progress=False)
    preds, y = learn.get_preds(act=lambda x: x)
    last = result['history'][-1]
    assert result['valid'] == scores_of(preds, y) and last['valid_accuracy'] == pytest.approx(result['valid']['top1'], abs=1e-6)
    assert last['valid_loss'] == pytest.approx(learn.loss_func(preds, y).item(), abs=1e-5)

def test_a_killed_process_ends_the_run_and_resume_finishes_it(folder):
    code, out, err = launch('killed', folder, 'torn')
    assert code != 0 and 'SIGKILL' in err and 'rank      : 1' in err
    assert not list(folder.glob('runs/synthetic/*/tiny/probe/torn/seed0.json'))
    code, out, err = launch('run', folder, 'torn')
    assert code == 0, err
    (torn, a), (whole, b) = run_of(folder, 'torn'), run_of(folder, 'whole')
    same = lambda r: [{k: v for k, v in row.items() if k != 'seconds'} for row in r['history']]
    assert same(torn) == same(whole)
    for p, q in zip(D3T.from_pretrained(a / 'last').parameters(), D3T.from_pretrained(b / 'last').parameters()): assert torch.equal(p, q)

@pytest.mark.parametrize('script', sorted((here.parent / 'scripts').glob('*.sh')), ids=lambda p: p.name)
def test_recipes_are_shell_scripts(script):
    assert subprocess.run(['bash', '-n', script], capture_output=True).returncode == 0

def test_the_recipe_for_one_machine_runs(folder):
    env = {**os.environ, 'PATH': f"{Path(sys.executable).parent}:{os.environ['PATH']}", 'DEVICE': 'cpu', 'CUDA_VISIBLE_DEVICES': '', 'OMP_NUM_THREADS': '1'}
    what = '--data penn_action --epochs 1 --set size=32,width=4,frames=4 --variant recipe'.split()
    done = subprocess.run([here.parent / 'scripts/torchrun.sh', *what, '--root', folder / 'drawn', '--out', folder / 'runs'],
                          capture_output=True, text=True, env=env, timeout=200)
    assert done.returncode == 0, done.stderr
    path, = folder.glob('runs/*/*/tiny/probe/recipe/seed0.json')
    assert json.loads(path.read_text())['recipe']['processes'] == 2
    assert done.stdout.count('top-1') == 1                                                    # one of them talks
