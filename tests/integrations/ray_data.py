"""The recipe for Ray Data on this machine with two workers, one `precompute` process killed: the embeddings are those of one machine.

    make test-ray
"""

import os
import signal
import subprocess
import sys
import time

import pyarrow as pa
import pyarrow.parquet as pq

from spark import INTEGRATIONS, begin, processes, rows

PHOTOS = 300
LIMIT = 300


def main():
    work, program, run, photos = begin(PHOTOS)
    run("embed", photos, "--out", work / "alone.parquet")
    alone = rows([work / "alone.parquet"])
    assert len(alone) == PHOTOS + 1 and alone["broken"][0]["error"], "what one machine makes"
    files = sorted(photos.rglob("*.jpg"))
    table = pa.table({"key": [file.stem for file in files], "jpg": [file.read_bytes() for file in files]})
    (work / "table").mkdir()
    for part in range(4):
        pq.write_table(table.slice(part * 76, 76), work / f"table/photos-{part}.parquet")

    source = ["--parquet", work / "table", "--id-column", "key", "--photo-column", "jpg", "--out", work / "embeddings"]
    script = INTEGRATIONS / "ray/embed_job.py"
    command = [sys.executable, script, *source, "--cpus", 2, "--precompute", program, "--", "--jobs", "1"]
    environment = dict(os.environ, RAY_USAGE_STATS_ENABLED="0")
    with open(work / "job.log", "wb") as log:
        job = subprocess.Popen(list(map(str, command)), env=environment, stdout=log, stderr=log, start_new_session=True)
        started, killed = time.monotonic(), None
        wanted = str(program).encode()
        # Ray's workers are no children of the job, so processes are known by the program's name alone, which is of this test.
        while killed is None:
            assert job.poll() is None and time.monotonic() - started < LIMIT, "no precompute process came"
            running = [process for process, line in processes().items() if line[:2] == [wanted, b"embed"]]
            for process in running[:1]:
                try:
                    os.kill(process, signal.SIGKILL)
                    killed = process
                except ProcessLookupError:  # It ended meanwhile; there are more.
                    pass
            time.sleep(0.01)
        print(f"killed the precompute process {killed}")
        try:
            assert job.wait(timeout=LIMIT) == 0, f"the job ended with {job.returncode}"
        finally:
            if job.poll() is None:
                os.killpg(job.pid, signal.SIGKILL)
    spread = rows(sorted((work / "embeddings").glob("*.parquet")))
    assert all(len(found) == 1 for found in spread.values()), "something is there twice"
    assert spread == alone, "not the embeddings that one machine makes"
    options = ["--items", work / "sample/items.csv", "--no-thumbnails", "--json"]
    run("build", "--embeddings", work / "embeddings", "--out", work / "site", *options)
    print(f"{len(alone)} photos, two workers: nothing lost, nothing twice")


if __name__ == "__main__":
    main()
