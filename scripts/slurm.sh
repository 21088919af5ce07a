#!/usr/bin/env bash
#SBATCH --job-name=d3t
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=32
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --signal=B:USR1@120
# Two nodes of four GPUs. First the clip store, shared among 16 jobs:
#
#   sbatch --array=0-15 --ntasks=1 --cpus-per-task=16 --wrap \
#     'd3t_prepare --data ntu120_xsub --root $DATA/ntu --out $DATA/ntu256 --size 256 --workers 16 --shard $SLURM_ARRAY_TASK_ID/16'
#
# then the training. A job that is near its end, or was moved, starts again and goes on from its last epoch:
#
#   sbatch scripts/slurm.sh --data store --root $DATA/ntu256 --preset paper --bs 8 --workers 6 --final
#
# The folder of results (--out, by default runs/) and the store have to be on a disk that both nodes see.
set -euo pipefail
export OMP_NUM_THREADS=1
first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)
trap 'scontrol requeue "$SLURM_JOB_ID"' USR1
srun torchrun --nnodes "$SLURM_NNODES" --nproc-per-node 4 --rdzv-backend c10d --rdzv-id "$SLURM_JOB_ID" \
  --rdzv-endpoint "$first:29500" --no-python d3t_train --resume "$@" &
wait $!
