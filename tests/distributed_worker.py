"""What each of several processes does in test_distributed.py: `torchrun --nproc-per-node 2 distributed_worker.py WHAT FOLDER`."""
import copy, os, signal, sys
from pathlib import Path
import torch
from d3t_nb.config import preset_config
from d3t_nb.data.synthetic import Synthetic
from d3t_nb.distributed import distributed
from d3t_nb.runs import train_run
from d3t_nb.core import seed_everything
from d3t_nb.data.transform import ClipDataset
from d3t_nb.training import clip_datasets, get_dls, get_learner, make_model
from fastai.callback.core import Callback, CancelFitException
from fastai.callback.training import GradientClip

what, folder = sys.argv[1], Path(sys.argv[2])
torch.set_num_threads(1)
reader = Synthetic(folder / 'drawn', n_clips=60, size=32)
def config(**kw): return preset_config('tiny', **{**dict(n_classes=15, n_joints=13, frames=4, size=32, width=4, heads=2, modal_loss=.5), **kw})

class OneStep(Callback):
    "Keep the gradients of one step, before they are clipped, and stop"
    order = GradientClip.order - 1
    def before_step(self):
        self.grads = {n.removeprefix('module.'): p.grad for n, p in self.model.named_parameters()}
        raise CancelFitException

def gradients(recompute=False, **kw):
    "Largest differences of gradients and of running statistics between four clips here, and two here and two there"
    test = clip_datasets(reader, config())[1]
    four = ClipDataset(reader, test.ids[:4], test.transform)
    seed_everything(0)
    model = make_model('d3t', config(**kw), recompute)
    whole, reads = copy.deepcopy(model), []
    *x, y = get_dls(reader, config(), bs=4, device='cpu', datasets=(four, four)).valid.one_batch()
    learn = get_learner(get_dls(reader, config(), bs=2, device='cpu', datasets=(four, four)), model, progress=False, cbs=[one := OneStep()])
    whole.head.register_forward_pre_hook(lambda m, i: reads.append(i[0]))
    loss = learn.loss_func(whole(*x), y)
    if whole.config.modal_loss:
        alone = whole.token_logits(reads[0])
        loss = loss + whole.config.modal_loss * sum(learn.loss_func(alone[:, i], y) for i in range(3)) / 3
    loss.backward()
    with distributed(learn): learn.fit(1)
    far = lambda a, b: ((a - b).abs().max() / (b.abs().max() + 1e-6)).item()
    used = {n: p.grad for n, p in whole.named_parameters() if p.grad is not None}
    assert all(one.grads[n] is None or not one.grads[n].any() for n in one.grads if n not in used)
    grads = max(far(one.grads[n], g) for n, g in used.items())
    stats = max(far(b.float(), c.float()) for (n, b), c in zip(model.named_buffers(), whole.buffers()))
    assert all(type(m).__name__ != 'DistributedDataParallel' and 'module' not in n for n, m in model.named_modules())
    return grads, stats

class Killed(Callback):
    "The second process dies without a word in its second epoch"
    def before_epoch(self):
        if self.epoch == 1 and os.environ['RANK'] == '1': os.kill(os.getpid(), signal.SIGKILL)

if what == 'gradients':
    cases = dict(default={}, recompute=dict(recompute=True), unread=dict(attention_joint='none', attention_time='none', modal_loss=0.))
    for name, kw in cases.items():
        far = gradients(**kw)
        if os.environ['RANK'] == '0': print('case', name, *far, flush=True)
else:
    train_run(reader, config(drop_video=.3, geometry=True, samples=2, dropout=.1), epochs=3, bs=4, preset='tiny', variant=sys.argv[3], out=folder / 'runs',
              progress='lines', device='cpu', resume=True, cbs=[Killed()] if what == 'killed' else [])
