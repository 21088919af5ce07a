"""The whole model from a user's side: each switch, clips that lack somebody, wrong input, odd sizes, and what a run writes."""
import json
import numpy as np, pandas as pd, pytest, torch
from torch.utils._python_dispatch import TorchDispatchMode
from d3t_nb.core import LAYOUTS, tiny_batch
from d3t_nb.data.clips import Clip
from d3t_nb.data.transform import ClipTransform
from d3t_nb.config import preset_config
from d3t_nb.model import D3T, Block
from d3t_nb.runs import result_path, train_run

penn = LAYOUTS['penn13']

def config(**kw): return preset_config('tiny', **{**dict(n_classes=5, n_joints=13, frames=4, size=32, width=4), **kw})
def model(**kw):
    torch.manual_seed(0)
    return D3T(config(**kw)).eval()
def batch(c, b=3, seed=0): return tiny_batch(b, c.frames, c.size, n_people=c.n_people, samples=c.samples, seed=seed)

def with_gaps(joints, scores, per_person=13):
    "Clip 0 lacks its last person if it has two, clip 1 everybody, clip 2 some joints; what is not there is NaN"
    scores = scores.clone()
    if scores.shape[-1] > per_person: scores[0, :, per_person:] = 0
    scores[1], scores[2, ::2, :5] = 0, 0
    return torch.where(scores[..., None] > 0, joints, torch.nan), scores

# -- each switch

SWITCHES = dict(
    default={}, full_3d=dict(attention_3d='full'), no_3d=dict(attention_3d='none'), full_joint=dict(attention_joint='full'),
    no_joint=dict(attention_joint='none'), full_time=dict(attention_time='full'), no_time=dict(attention_time='none'),
    only_3d=dict(attention_joint='none', attention_time='none'), single=dict(modal_tokens='single'), no_tokens=dict(modal_tokens='none'),
    single_no_joint=dict(modal_tokens='single', attention_joint='none'), no_tokens_no_3d=dict(modal_tokens='none', attention_3d='none'),
    as_printed=dict(pre_norm=False), unbounded=dict(offset_range=None), groups=dict(offset_groups=4), dense=dict(dense_offsets=True, offset_groups=2),
    search_stride=dict(search_stride=2), kernel=dict(kernel=(3, 1, 5)), ffn_per_window=dict(ffn_per_window=True), growing=dict(time_stride=(1, 2)),
    two_people=dict(n_people=2), two_people_full=dict(n_people=2, attention_joint='full', modal_tokens='none'), samples=dict(samples=4),
    geometry=dict(geometry=True, samples=4), geometry_two=dict(geometry=True, samples=3, n_people=2, pose_position=True), r2plus1d=dict(backbone='r2plus1d_18'))

@pytest.mark.parametrize('name', SWITCHES)
def test_switch(name, tmp_path):
    m = model(**SWITCHES[name]); c = m.config
    frames, joints, scores = batch(c)
    gaps, holes = with_gaps(joints, scores)
    # gradients: everywhere with all joints, finite with gaps
    m.train(); m(frames, joints, scores).square().sum().backward()
    silent = {n.split('.')[0] for n, p in m.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0}
    assert silent == ({'pose_projection'} if name == 'only_3d' else set())        # there, nothing reads the pose
    m.zero_grad(); m(frames, gaps, holes).square().sum().backward()
    assert all(p.grad.isfinite().all() for p in m.parameters() if p.grad is not None)
    m.eval()
    with torch.no_grad():
        logits = m(frames, gaps, holes)
        assert torch.equal(m(frames, gaps, holes), logits)                        # nothing random is left
        elsewhere = torch.where(holes[..., None] > 0, joints, 1e3 * torch.randn_like(joints))
        assert torch.allclose(m(frames, elsewhere, holes), logits, atol=1e-5)     # where an absent joint is plays no part
        alone = torch.cat([m(*(o[i:i + 1] for o in (frames, gaps, holes))) for i in range(3)])
        assert torch.allclose(alone, logits, atol=1e-4)                           # nor do the neighbours in the batch
        with torch.autocast('cpu', torch.bfloat16): low = m(frames, gaps, holes).float()
        assert (low - logits).abs().max() < .05 + .05 * logits.abs().max()
    seen = m.explain(frames, gaps, holes)
    assert torch.equal(seen.logits, logits) and len(seen.positions) == len(seen.joint_attention) == c.depth
    for positions, attention, joint_attention in zip(seen.positions, seen.attention, seen.joint_attention):
        if c.attention_3d == 'none': assert positions is None and attention is None
        else:
            assert positions.shape == (3, c.offset_groups if c.attention_3d == 'deformable' else 1, attention.shape[1], 3)
            assert (positions >= 0).all() and (positions <= torch.tensor([c.frames - 1, 3, 3])).all()
            share = attention.sum(-1)                                             # the rest goes to the modal tokens
            assert (attention >= 0).all() and (share > 0).all() and (share < 1 + 1e-5).all()
        if c.attention_joint == 'none': assert joint_attention is None
        else:
            middle = holes.unflatten(1, (c.frames, -1))[:, :, c.samples // 2]     # (b, t, r)
            assert joint_attention.shape == middle.shape and (joint_attention >= 0).all()
            assert (joint_attention[[0, 2]][middle[[0, 2]] == 0] == 0).all() and (joint_attention[2][middle[2] > 0] > 0).all()
    m.save_pretrained(tmp_path)
    again = D3T.from_pretrained(tmp_path).eval()
    assert again.config == c and torch.equal(again(frames, gaps, holes), logits)

@pytest.mark.parametrize('kw', [{}, dict(geometry=True, samples=2, attention_3d='full'), dict(modal_tokens='none', search_stride=2, pose_position=True)])
@pytest.mark.parametrize('t,h,w', [(1, 32, 32), (1, 8, 8), (3, 70, 90), (13, 33, 17)])
def test_other_sizes(kw, t, h, w):
    m = model(**kw); c = m.config
    g = torch.Generator().manual_seed(1)
    frames, joints = torch.rand(2, 3, t, h, w, generator=g), torch.rand(2, t * c.samples, 13, 2, generator=g) * torch.tensor([w, h])
    seen = m.explain(frames, joints)
    assert seen.logits.shape == (2, 5) and seen.logits.isfinite().all()
    size = t, -(-h // 8), -(-w // 8)
    keys = [(n - min(3, n - (n % 2 == 0))) // c.search_stride + 1 for n in size] if c.attention_3d == 'deformable' else size
    assert seen.positions[0].shape == (2, 1, np.prod(keys), 3)

def test_paper_preset_has_the_papers_sizes():
    "With a single channel, so that it is cheap"
    m = D3T.from_preset('paper', n_classes=15, n_joints=13, width=1, heads=1)
    seen = m.explain(*tiny_batch(1, 12, 224))
    assert seen.positions[1].shape == (1, 1, 6 * 22 * 22, 3) and seen.joint_attention[1].shape == (1, 12, 13)

def test_compiles_as_one_graph():
    m = model(modal_tokens='none', n_people=2, geometry=True, samples=2, offset_groups=2)
    frames, joints, scores = batch(m.config)
    torch._dynamo.reset()
    whole = torch.compile(m, fullgraph=True, backend='eager')
    with torch.no_grad(): assert torch.allclose(whole(frames, joints, scores), m(frames, joints, scores), atol=1e-5)

class Count(TorchDispatchMode):
    "How many tensor operations run"
    n = 0
    def __torch_dispatch__(self, f, types, args=(), kwargs=None):
        self.n += 1
        return f(*args, **(kwargs or {}))

def test_no_loop_over_people_joints_or_windows():
    def count(**kw):
        m = model(**kw); inputs = batch(m.config)
        with torch.no_grad(), Count() as c: m(*inputs)
        return c.n
    few = count(geometry=True, joint_window=13, joint_stride=13, time_window=4)
    assert few == count(geometry=True, n_people=3, joint_window=2, joint_stride=1, time_window=2, time_stride=1)

# -- where it looks, and who is there

def test_token_is_read_at_its_joint():
    "All weights alike and nothing random: the pixels that a pose token depends on have their centre on the joint"
    m = model(width=1, heads=1, depth=1)
    for p in m.backbone.parameters(): torch.nn.init.constant_(p, .05) if p.ndim > 1 else None
    frames = torch.ones(1, 3, 3, 64, 80, requires_grad=True)
    joints = torch.full((1, 3, 13, 2), 40.); joints[0, 1, 4] = torch.tensor([46.5, 27.25])
    _, p, *_ = m.tokens(frames, joints, None)
    seen = torch.autograd.grad(p[0, 1, 4].abs().sum(), frames)[0][0].abs().sum(0)                  # (t, h, w)
    at = [(seen.sum([d for d in range(3) if d != axis]) * torch.arange(n)).sum() / seen.sum() for axis, n in enumerate(seen.shape)]
    assert torch.allclose(torch.stack(at), torch.tensor([1., 27.25, 46.5]), atol=.02)

def test_middle_sample_says_where_to_look():
    "Of 4 poses a frame number 2 is read; the others count for the geometry alone"
    for geometry in (False, True):
        m = model(samples=4, geometry=geometry); frames, joints, scores = batch(m.config)
        with torch.no_grad():
            for k in range(4):
                moved = joints.clone(); moved[:, k::4, 3] += 5
                assert torch.equal(m(frames, moved, scores), m(frames, joints, scores)) == (k != 2 and not geometry)

def test_video_and_pose_of_a_frame_are_one_moment():
    "Brightness and coordinates both tell the time"
    n = 48; time = np.arange(n)
    frames = np.broadcast_to((5 * time).astype(np.uint8)[:, None, None, None], (n, 16, 16, 3))
    joints = np.full((n, 1, 13, 2), 1, np.float32) + time[:, None, None, None] / 4
    for samples in (1, 3, 4):
        for train in (False, True):
            video, at, _ = ClipTransform(16, 6, samples, train=train, crop='frame', margin=1, jitter=(0, 0))(Clip(frames, joints, np.ones((n, 1, 13), np.float32)))
            assert np.allclose(video[0, :, 8, 8] * 255 / 5, (at[samples // 2::samples, 0, 0] - 1) * 4, atol=1e-3)

def test_people_have_no_order_and_absent_ones_no_weight():
    "With one window over all joints"
    two, one = model(n_people=2, attention_joint='full'), model(attention_joint='full')
    one.load_state_dict(two.state_dict())
    frames, joints, scores = batch(two.config)
    swapped = [o.unflatten(2, (2, 13)).flip(2).flatten(2, 3) for o in (joints, scores)]
    with torch.no_grad():
        assert torch.allclose(two(frames, *swapped), two(frames, joints, scores), atol=1e-5)
        scores[:, :, 13:], joints[:, :, 13:] = 0, torch.nan
        assert torch.allclose(two(frames, joints, scores), one(frames, joints[:, :, :13], scores[:, :, :13]), atol=1e-5)

def reach(block, c, axis, source):
    "Which frames (axis 1) or joints (axis 2) of the new pose tokens change with number `source` of the old ones"
    torch.manual_seed(0)
    z, p, modal = torch.randn(1, 4, 2, 2, c.dim), torch.randn(1, 4, c.n_all, c.dim), torch.randn(1, 4, 3, c.dim)
    other = p.clone(); other.select(axis, source).add_(torch.randn(c.dim))
    with torch.no_grad(): change = block(z, other, modal)[1] - block(z, p, modal)[1]
    return (change.abs().amax([d for d in range(4) if d != axis]) > 1e-6).nonzero()[:, 0].tolist()

def test_windows_are_what_the_config_says():
    time = dict(attention_3d='none', attention_joint='none', time_window=2)
    c = config(**time, depth=3, time_stride=(2, 1, 1))                              # the last block would keep its pose tokens to itself
    assert reach(Block(c, 0), c, 1, 1) == [0, 1] and reach(Block(c, 1), c, 1, 1) == [0, 1, 2]
    c = config(**time, attention_time='full'); assert reach(Block(c), c, 1, 1) == [0, 1, 2, 3]
    joint = dict(attention_3d='none', attention_time='none')
    c = config(**joint); assert reach(Block(c), c, 2, 0) == list(range(9)) and reach(Block(c), c, 2, 12) == list(range(4, 13))  # 9 of 13, stride 4
    c = config(**joint, n_joints=20); assert reach(Block(c), c, 2, 19) == list(range(7, 20)) and reach(Block(c), c, 2, 6) == list(range(19))   # 13 of 20, starts 0, 6, 7
    c = config(**joint, joint_window=3, joint_stride=2); assert reach(Block(c), c, 2, 2) == [0, 1, 2, 3, 4]
    c = config(**joint, n_people=2, attention_joint='full'); assert reach(Block(c), c, 2, 0) == list(range(26))

# -- what is refused

nan, inf = float('nan'), float('inf')
WRONG = {
    'frames has shape': [lambda f, j, s: (f[None], j, s), lambda f, j, s: (torch.cat([f, f[:, :1]], 1), j, s), lambda f, j, s: (f.permute(0, 2, 3, 4, 1), j, s),
                         lambda f, j, s: (f[:, :, :0], j[:, :0], s[:, :0]), lambda f, j, s: (f[..., :7], j, s)],
    'joints has shape': [lambda f, j, s: (f, j[0], s), lambda f, j, s: (f, torch.cat([j, s[..., None]], -1), s), lambda f, j, s: (f, j[:, :, None], s[:, :, None]),
                         lambda f, j, s: (f, j[:1], s[:1]), lambda f, j, s: (f, j[:, :4], s[:, :4])],
    'scores has shape': [lambda f, j, s: (f, j, s[..., None]), lambda f, j, s: (f, j, s[:, 0])],
    'scores must lie in 0..1': [lambda f, j, s: (f, j, s * nan), lambda f, j, s: (f, j, -s)],
    'joints: .* NaN or infinite': [lambda f, j, s: (f, j * inf), lambda f, j, s: (f, torch.where(s[..., None] > 0, nan, j), s)]}

@pytest.mark.parametrize('message,change', [(k, v) for k, vs in WRONG.items() for v in vs])
def test_wrong_input_is_named(message, change):
    m = model(samples=2)
    with pytest.raises(ValueError, match=message): m(*change(*batch(m.config)))

@pytest.mark.parametrize('name,value', [('kernel', 4), ('kernel', (3, 4, 3)), ('offset_groups', 3), ('offset_range', 'x'), ('search_stride', 0), ('time_window', 0),
    ('time_stride', (2,)), ('sigma', 0), ('samples', 0), ('frames', 8.), ('modal_tokens', 'two'), ('attention_time', 'window'), ('dropout', 2), ('depth', 0)])
def test_wrong_config_is_refused(name, value):
    with pytest.raises(ValueError, match=name.removeprefix('offset_')): model(**{name: value})

def test_weights_of_another_version_are_refused(tmp_path):
    model().save_pretrained(tmp_path)
    file = tmp_path/'config.json'
    file.write_text(json.dumps(json.loads(file.read_text()) | dict(wings=2)))
    with pytest.raises(ValueError, match='wings'): D3T.from_pretrained(tmp_path)

# -- what a run writes

class Reader:
    "Twelve clips of noise, two classes"
    name, protocol, layout, n_people, classes, flips = 'noise', 'official', penn, 1, ['a', 'b'], True
    clips = pd.DataFrame([dict(id=f'{i:02d}', label=i % 2, split=('train', 'train', 'train', 'train', 'valid', 'test')[i // 2]) for i in range(12)]).set_index('id')
    def load(self, id):
        rng = np.random.default_rng(int(id))
        return Clip(rng.integers(0, 255, (9, 20, 20, 3), dtype=np.uint8), rng.uniform(2, 18, (9, 1, 13, 2)).astype(np.float32), np.ones((9, 1, 13), np.float32), int(id) % 2, id)

def test_result_file(tmp_path):
    c = config(n_classes=2, size=8)
    for final in (False, True):
        r = train_run(Reader(), c, 'pose_only', epochs=2, bs=4, seed=3, final=final, preset='tiny', out=tmp_path, progress=False, device='cpu')
        file = tmp_path/'noise/official/tiny'/('final' if final else 'probe')/'pose_only/seed3.json'
        assert file == result_path(Reader(), 'tiny', r['experiment'], r['variant'], 3, tmp_path) and json.loads(file.read_text()) == r
        assert {'dataset', 'protocol', 'preset', 'experiment', 'variant', 'model', 'config', 'seed', 'metrics', 'valid', 'history', 'seconds', 'device',
                'versions', 'commit', 'command'} <= set(r)
        measured, other = (r['metrics'], r['valid']) if final else (r['valid'], r['metrics'])
        assert other is None and set(measured) == {'top1', 'mean_class'} and all(0 <= v <= 1 for v in measured.values())
        assert [h['epoch'] for h in r['history']] == [0, 1] and all({'train_loss', 'train_accuracy'} <= set(h) for h in r['history'])
        folder = file.with_suffix('')
        assert json.loads((folder/'history.json').read_text()) == r['history'] and (folder/'last.pth').exists()
        assert (folder/'best').exists() == (not final)

def test_loss_that_is_not_finite_stops_the_run(tmp_path):
    "The good checkpoint of the epoch before stays"
    from fastai.callback.core import Callback
    class Spoil(Callback):
        def before_batch(self):
            if self.training and self.epoch == 1: self.learn.xb = (self.xb[0], self.xb[1] * nan, self.xb[2])
    with pytest.raises(FloatingPointError, match='epoch 1'):
        train_run(Reader(), config(n_classes=2, size=8), 'pose_only', epochs=3, bs=4, out=tmp_path, progress=False, device='cpu', cbs=[Spoil()])
    folder, = tmp_path.rglob('seed0')
    state = torch.load(folder/'last.pth', weights_only=True)
    assert len(state['history']) == 1 and all(v.isfinite().all() for v in state['model'].values())
    assert len(json.loads((folder/'history.json').read_text())) == 2 and not list(tmp_path.rglob('seed0.json'))


@pytest.mark.parametrize('training', (False, True))
def test_one_graph_for_all_batches(training):
    """`torch.compile` finds no break, compiles once for all batches of a shape, and computes the same."""
    torch._dynamo.reset()
    model = D3T.from_preset('tiny', n_classes=5, n_joints=13, n_people=2, geometry=True, samples=2, drop_video=.3, dropout=.1)
    model.train(training)
    graphs = []
    def backend(graph, inputs): graphs.append(graph); return graph.forward
    compiled = torch.compile(model, fullgraph=True, backend=backend)
    for seed in range(3):
        frames, joints, scores = tiny_batch(b=2, t=4, size=32, n_people=2, samples=2, seed=seed)
        scores[0, :, 13:] = seed % 2                                          # the second person comes and goes
        torch.manual_seed(seed); expected = model(frames, joints, scores)
        torch.manual_seed(seed); got = compiled(frames, joints, scores)
        assert torch.allclose(got, expected, atol=1e-5)
    got.sum().backward()
    assert len(graphs) == 1
