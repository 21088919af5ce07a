"""What is done in a video, over HTTP: POST /predict with a file `video` and, if you have it, a pose file `pose`.

    pip install 'd3t_nb[serve]'
    D3T_WEIGHTS=runs/.../seed0/last uvicorn --app-dir scripts serve:app --port 8000
    curl -F video=@film.mp4 -F pose=@film.npz localhost:8000/predict

An example to start from. It limits the size of an upload and the time of an answer, and answers one question at a time;
put a proxy with TLS and a login in front of it before strangers can reach it."""
import os
import tempfile
import threading
from pathlib import Path

from fastapi import FastAPI, File, HTTPException, Request, UploadFile
from fastapi.responses import JSONResponse

from d3t_nb.data.folder import POSES, VIDEOS
from d3t_nb.data.readers import read_labels
from d3t_nb.model import D3T
from d3t_nb.predict import predict
from d3t_nb.shipped import SHIPPED

WEIGHTS = os.environ.get('D3T_WEIGHTS') or str(SHIPPED)
MEGABYTES = float(os.environ.get('D3T_MAX_MB') or 50)        # of one upload
SECONDS = float(os.environ.get('D3T_MAX_SECONDS') or 60)     # for one answer

app, model, busy = FastAPI(title='d3t_nb'), D3T.from_pretrained(WEIGHTS), threading.Lock()


@app.middleware('http')
async def limit_size(request: Request, call_next):
    "Refuse by the announced length, before anything is read"
    if request.method != 'POST': return await call_next(request)
    length = request.headers.get('content-length')
    if length is None or not length.isdigit():
        return JSONResponse(dict(detail='wanted is a request with a Content-Length.'), 411)
    if int(length) > 1e6 * MEGABYTES:
        return JSONResponse(dict(detail=f'{int(length) / 1e6:.1f} MB were sent; wanted are at most {MEGABYTES:g}.'), 413)
    return await call_next(request)


def keep(upload, folder, stem, kinds):
    "Store an upload under a name of ours: a client's name is never a path here"
    kind = Path(upload.filename or '').suffix.lower()
    if kind not in kinds: raise HTTPException(415, f"{stem} is {kind or 'a file without ending'}; wanted is {', '.join(kinds)}.")
    path = Path(folder) / (stem + kind)
    with open(path, 'wb') as f:
        while part := upload.file.read(1 << 20): f.write(part)
    return path


@app.post('/predict')
def answer(video: UploadFile = File(), pose: UploadFile | None = File(None)):
    "Probabilities over time for each person, as `Prediction.to_dict` gives them"
    if not busy.acquire(blocking=False): raise HTTPException(503, 'another video is being looked at; try again in a moment.', {'Retry-After': '5'})
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = keep(video, folder, 'video', VIDEOS)
            joints = keep(pose, folder, 'pose', POSES) if pose else None
            try: return predict(path, joints, weights=WEIGHTS, model=model, seconds=SECONDS).to_dict()
            except TimeoutError as e: raise HTTPException(504, str(e)) from None
            except (ValueError, OSError) as e: raise HTTPException(422, str(e).replace(f'{folder}{os.sep}', '')) from None
    finally: busy.release()


@app.get('/')
def about(): return dict(classes=read_labels(WEIGHTS).classes, frames=model.config.frames, size=model.config.size, max_megabytes=MEGABYTES, max_seconds=SECONDS)
