"""The example server: a film goes in, JSON comes out; what is too large, of another kind or broken is refused and says why."""
import importlib.util
from pathlib import Path

import numpy as np
import pytest
from fastapi.testclient import TestClient

from d3t_nb.data.synthetic import Synthetic
from d3t_nb.data.video import write_frames
from d3t_nb.predict import predict

SCRIPT = Path(__file__).parent.parent / 'scripts' / 'serve.py'


@pytest.fixture(scope='module')
def serve():
    spec = importlib.util.spec_from_file_location('serve', SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope='module')
def film(tmp_path_factory):
    root = tmp_path_factory.mktemp('film')
    reader = Synthetic(root / 'drawn', n_clips=15)
    clip = reader.load(reader.clips.index[0])
    write_frames(root / 'film.mp4', clip.frames)
    np.savez(root / 'film.npz', joints=clip.joints, scores=clip.scores)
    return root / 'film.mp4'


def ask(serve, video, pose=None, name=None):
    files = dict(video=(name or video.name, video.read_bytes()))
    if pose: files['pose'] = (pose.name, pose.read_bytes())
    return TestClient(serve.app).post('/predict', files=files)


def test_says_what_predict_says(serve, film):
    reply = ask(serve, film, film.with_suffix('.npz'))
    assert reply.status_code == 200, reply.text
    assert reply.json() == predict(film).to_dict()


def test_too_large(serve, film, monkeypatch):
    monkeypatch.setattr(serve, 'MEGABYTES', .001)
    reply = ask(serve, film, film.with_suffix('.npz'))
    assert reply.status_code == 413 and 'at most 0.001' in reply.json()['detail']


def test_without_length(serve):
    reply = TestClient(serve.app).post('/predict', content=iter([b'a']))
    assert reply.status_code == 411


def test_another_kind(serve, film):
    reply = ask(serve, film, name='../../film.sh')
    assert reply.status_code == 415 and '.sh' in reply.json()['detail']


def test_broken(serve, film, tmp_path):
    broken = tmp_path / 'film.mp4'
    broken.write_bytes(film.read_bytes()[:500])
    reply = ask(serve, broken, film.with_suffix('.npz'))
    assert reply.status_code == 422 and reply.json()['detail'].startswith('video.mp4')      # no folder of ours is told


def test_too_slow(serve, film, monkeypatch):
    monkeypatch.setattr(serve, 'SECONDS', 1e-9)
    assert ask(serve, film, film.with_suffix('.npz')).status_code == 504


def test_busy(serve, film):
    with serve.busy:
        reply = ask(serve, film, film.with_suffix('.npz'))
    assert reply.status_code == 503 and reply.headers['retry-after']
    assert ask(serve, film, film.with_suffix('.npz')).status_code == 200                  # and free again after all of these
