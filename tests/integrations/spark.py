"""The Spark job on a real `local-cluster`: a `precompute` process, an executor and the driver are killed in the middle; nothing is lost
and nothing is there twice.

    make test-spark
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

PROJECT = Path(__file__).resolve().parents[2]
INTEGRATIONS = PROJECT / "precompute/integrations"
PARTS = 12
PHOTOS = 480
LIMIT = 420


def processes():
    """Command lines of the processes there are, by id."""
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                found[int(entry.name)] = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:  # It has ended.
                pass
    return found


def parent(process):
    try:
        return int((Path("/proc") / str(process) / "stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def descends(process, from_process):
    while process > 1:
        if process == from_process:
            return True
        process = parent(process)
    return False


def children(of, is_wanted):
    """The processes below `of` whose command line is wanted."""
    return [process for process, line in processes().items() if is_wanted(line) and descends(process, of)]


def rows(paths):
    """What a table says of each product, once or several times, without the names of files."""
    found = {}
    for path in paths:
        for row in pq.read_table(path).to_pylist():
            row.pop("file")
            found.setdefault(row.pop("id"), []).append(row)
    return found


class Job:
    def __init__(self, work, program, source, out, master):
        self.program = program
        self.log = open(work / "job.log", "ab")
        environment = dict(os.environ, PYSPARK_PYTHON=sys.executable, SPARK_LOCAL_IP="127.0.0.1", SPARK_LOCAL_HOSTNAME="localhost")
        environment["SPARK_WORKER_DIR"] = str(work / "workers")
        environment["PYSPARK_SUBMIT_ARGS"] = (
            f"--master {master} --conf spark.executor.memory=1g --conf spark.driver.memory=1g --conf spark.ui.enabled=false "
            f"--conf spark.local.dir={work / 'local'} --py-files {INTEGRATIONS / 'lookalike_embed.py'} pyspark-shell"
        )
        script = INTEGRATIONS / "spark/embed_job.py"
        arguments = [*source, "--out", out, "--parts", PARTS, "--precompute", program, "--", "--jobs", "1"]
        self.process = subprocess.Popen(
            [sys.executable, *map(str, [script, *arguments])],
            env=environment, stdout=self.log, stderr=self.log, cwd=work, start_new_session=True,
        )

    def embedding(self):
        program = str(self.program).encode()
        return children(self.process.pid, lambda line: line[:2] == [program, b"embed"])

    def executors(self):
        return children(self.process.pid, lambda line: b"org.apache.spark.executor.CoarseGrainedExecutorBackend" in line)

    def until(self, ready, what):
        """Waits until `ready` gives something."""
        started = time.monotonic()
        while time.monotonic() - started < LIMIT:
            assert self.process.poll() is None, f"the job was over before {what}"
            found = ready()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError(f"{what} did not come in {LIMIT} seconds")

    def end(self):
        try:
            status = self.process.wait(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        assert status == 0, f"the job ended with {status}"

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def begin(count):
    """Of the command line an empty work folder, the program in it, a function that runs it, and a folder of `count` drawn photos and a
    broken one."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    arguments = parser.parse_args()
    work = arguments.work.absolute()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    # A name of its own, so that no other process is taken for it.
    program = work / "precompute"
    shutil.copy2(arguments.program, program)

    def run(*all_arguments):
        return subprocess.run([program, *map(str, all_arguments)], check=True, capture_output=True)

    run("sample", "--out", work / "sample", "--count", count, "--seed", 5)
    photos = work / "sample/photos"
    (photos / "broken.jpg").write_bytes(b"no picture")
    return work, program, run, photos


def main():
    work, program, run, photos = begin(PHOTOS)
    shutil.copy(next(photos.rglob("*.jpg")), photos / "an odd+%41 name.jpg")
    files = sorted(photos.rglob("*.jpg"))
    assert len(files) == PHOTOS + 2, f"{len(files)} photos"
    run("embed", photos, "--out", work / "alone.parquet")
    alone = rows([work / "alone.parquet"])
    assert len(alone) == PHOTOS + 2 and alone["broken"][0]["error"], "what one machine makes"

    # A table of photos in several files and row groups, as Spark cuts its input by them.
    table = pa.table({"id": [file.stem for file in files], "photo": [file.read_bytes() for file in files]})
    (work / "table").mkdir()
    for part in range(4):
        pq.write_table(table.slice(part * 121, 121) if part < 3 else table.slice(363), work / f"table/photos-{part}.parquet", row_group_size=40)

    master, out = "local-cluster[2,1,2048]", work / "embeddings"
    there = lambda: sorted(out.glob("part-*.parquet"))
    source = ["--parquet", work / "table"]

    job = Job(work, program, source, out, master)
    job.until(lambda: len(there()) >= 2, "the second part")
    [victim, *_] = job.until(job.embedding, "a precompute process")
    os.kill(victim, signal.SIGKILL)
    print(f"killed the precompute process {victim} with {len(there())} of {PARTS} parts there")
    parts = len(there())
    job.until(lambda: len(there()) > parts, "a further part")
    job.until(job.embedding, "a precompute process")
    [victim, *_] = job.executors()
    os.kill(victim, signal.SIGKILL)
    print(f"killed the executor {victim} with {len(there())} of {PARTS} parts there")
    job.until(lambda: len(there()) > parts + 2, "parts after that")
    job.kill()
    print(f"killed the driver with {len(there())} of {PARTS} parts there")
    before = {path: path.stat().st_mtime_ns for path in there()}
    assert 4 <= len(before) < PARTS, f"{len(before)} parts were there"

    job = Job(work, program, source, out, master)
    job.end()
    assert len(there()) == PARTS, f"{len(there())} parts"
    embedded_again = [path.name for path, changed in before.items() if path.stat().st_mtime_ns != changed]
    assert not embedded_again, f"{embedded_again} were there already"
    spread = rows(there())
    assert all(len(found) == 1 for found in spread.values()), "something is there twice"
    assert spread.keys() == alone.keys(), f"{sorted(alone.keys() ^ spread.keys())[:5]} are lost or too many"
    assert spread == alone, "not the embeddings that one machine makes"

    # The folder itself, without a table: mounted, each part is read from it by the program; at an address, by Spark.
    for name, place in [("mounted", photos), ("address", photos.as_uri())]:
        Job(work, program, ["--photos", place], work / name, master).end()
        assert rows(sorted((work / name).glob("part-*.parquet"))) == alone, f"a folder, {name}, gives something else than a table"

    # The index is that of the photos; the table knows no files' names, so cards have no address of a photo.
    options = ["--items", work / "sample/items.csv", "--no-thumbnails", "--json"]
    run("build", photos, "--out", work / "one", *options)
    run("build", "--embeddings", out, "--out", work / "other", *options)
    [one, other] = [
        {path.relative_to(work / name): path.read_bytes() for path in sorted((work / name).rglob("*")) if path.is_file()}
        for name in ("one", "other")
    ]
    assert one == other, f"{sorted(map(str, one.keys() ^ other.keys()))[:5]} differ"
    print(f"{len(alone)} photos, {PARTS} parts, two executors: nothing lost, nothing twice, and the same folder of {len(one)} files")


if __name__ == "__main__":
    main()
