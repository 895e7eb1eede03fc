"""Runs `precompute embed` on Arrow batches of photos. Jobs of engines share it; it needs pyarrow alone.

A run that did not end well is never taken for one that did: the program's exit status, the end mark of its stream and the number of
rows are all looked at, and any of them raises `EmbedError`. Whoever runs the task runs it again.
"""

import subprocess
import tempfile
import threading

import pyarrow as pa

# The table as engines know it that have no lists and bytes of a fixed length.
PLAIN = pa.schema(
    [
        ("id", pa.string()),
        ("file", pa.string()),
        ("photo", pa.binary()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("colours", pa.binary()),
        ("embedding", pa.list_(pa.float32())),
        ("network", pa.string()),
        ("error", pa.string()),
    ]
)


class EmbedError(RuntimeError):
    """`precompute embed` did not end well."""


class _Run:
    """One process, and a thread that feeds it."""

    def __init__(self, arguments, batches):
        self.rows = 0
        self._failure = None
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
        )
        self.output = self._process.stdout
        self._feeder = threading.Thread(target=self._feed, args=(batches,), daemon=True)
        self._feeder.start()

    def _feed(self, batches):
        try:
            writer = None
            for batch in batches:
                writer = writer or pa.ipc.new_stream(self._process.stdin, batch.schema)
                writer.write_batch(batch)
                self.rows += batch.num_rows
            # The end mark: without it the program takes the photos for cut off.
            (writer or pa.ipc.new_stream(self._process.stdin, pa.schema([("id", pa.string()), ("photo", pa.binary())]))).close()
            self._process.stdin.close()
        except BaseException as failure:  # The thread that waits raises it.
            self._failure = failure
            # Closed without an end mark: the program does not take this for the end.
            try:
                self._process.stdin.close()
            except OSError:
                pass

    def finish(self):
        """Waits for the end; gives the number of rows that went in."""
        self._feeder.join()
        status = self._process.wait()
        # If both failed, the feeder's broken pipe comes of the program's end.
        if self._failure is not None and (status == 0 or not isinstance(self._failure, OSError)):
            raise EmbedError(f"the photos could not be read: {self._failure!r}") from self._failure
        if status != 0:
            self._errors.seek(0)
            told = self._errors.read().decode(errors="replace")[-2000:]
            raise EmbedError(f"precompute embed ended with status {status}: {told}")
        return self.rows

    def stop(self):
        """Ends the process if it has not ended."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self.output.close()
        self._errors.close()


def embed_to_file(batches, path, program="precompute", options=()):
    """Embeds `batches` of the columns id and photo into the Parquet file `path`, which is there whole or not at all; gives the number
    of rows."""
    run = _Run([program, "embed", "-", "--out", str(path), *options], batches)
    try:
        return run.finish()
    finally:
        run.stop()


def embed_batches(batches, program="precompute", options=()):
    """Embeds `batches` of the columns id and photo; yields batches of `PLAIN`, with as many rows as came in."""
    run = _Run([program, "embed", "-", *options], batches)
    try:
        rows = 0
        try:
            for batch in pa.ipc.open_stream(run.output):
                rows += batch.num_rows
                columns = [batch.column(field.name).cast(field.type) for field in PLAIN]
                yield pa.RecordBatch.from_arrays(columns, schema=PLAIN)
        except pa.ArrowInvalid as failure:
            run.finish()
            raise EmbedError(f"precompute embed wrote no stream: {failure}") from failure
        wanted = run.finish()
        if rows != wanted:
            raise EmbedError(f"{wanted} photos went in, and {rows} rows came out")
    finally:
        run.stop()
