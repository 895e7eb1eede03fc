"""Embeds a table of photos with Ray Data.

    python embed_job.py --parquet s3://shop/photos --out /mnt/shared/embeddings --precompute /opt/precompute
    precompute build --embeddings /mnt/shared/embeddings --items items.csv --images /images/ --out site/lookalike

Each batch of photos is one run of `precompute embed`, which is repeated if the process does not end well; what happens to a worker or a
node Ray repeats. Rows of photos that cannot be embedded carry the reason.
"""

import argparse
import os
import sys
from pathlib import Path

# On the workers too: Ray sets their path by `py_modules` or `runtime_env`, and of local ones by the environment.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import pyarrow as pa
import ray
from lookalike_embed import PLAIN, EmbedError, embed_batches

# Photos of a batch, which is in memory as a whole.
ROWS = 256
# How often a batch is begun whose process does not end well.
TRIES = 3


class Embed:
    """Embeds one batch."""

    def __init__(self, program, options):
        self.program, self.options = program, options

    def __call__(self, photos: pa.Table) -> pa.Table:
        for left in reversed(range(TRIES)):
            try:
                batches = iter(photos.to_batches(max_chunksize=64))
                return pa.Table.from_batches(list(embed_batches(batches, self.program, self.options)), schema=PLAIN)
            except EmbedError:
                if left == 0:
                    raise


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parquet", required=True, help="a file or folder of Parquet, at any address that Ray reads")
    parser.add_argument("--id-column", default="id")
    parser.add_argument("--photo-column", default="photo")
    parser.add_argument("--out", required=True, help="a folder, at any address that Ray writes")
    parser.add_argument("--precompute", default="precompute", help="the program, on every node")
    parser.add_argument("--address", help="of the cluster; this machine if left out")
    parser.add_argument("--cpus", type=int, help="of this machine, without a cluster")
    parser.add_argument("options", nargs="*", help="after --: options of precompute embed, such as --model and --jobs")
    arguments = parser.parse_args()
    path = os.pathsep.join([str(Path(__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")])
    ray.init(address=arguments.address, num_cpus=arguments.cpus, runtime_env={"env_vars": {"PYTHONPATH": path}})
    names = {arguments.id_column: "id", arguments.photo_column: "photo"}
    photos = ray.data.read_parquet(arguments.parquet).select_columns(list(names)).rename_columns(names)
    embed = Embed(arguments.precompute, arguments.options)
    embedded = photos.map_batches(lambda table: embed(table), batch_format="pyarrow", batch_size=ROWS)
    # Whole or not at all: what an earlier run left would be there twice.
    embedded.write_parquet(arguments.out, mode=ray.data.SaveMode.OVERWRITE)
    ray.shutdown()


if __name__ == "__main__":
    main()
