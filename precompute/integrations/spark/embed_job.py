"""Embeds a catalogue with Spark, a part at a time, and goes on where an earlier run ended.

    spark-submit --py-files ../lookalike_embed.py embed_job.py --parquet s3a://shop/photos --out /mnt/shared/embeddings --parts 64
    precompute build --embeddings /mnt/shared/embeddings --items items.csv --images /images/ --out site/lookalike

Photos come from `--photos` (a folder that every executor has mounted; or an address that Spark reads, such as s3a://, with a photo's
name without the ending as its id), `--parquet` or `--table` (columns of ids and of photos' bytes). A product's part is said by its
id alone. Each part is one run of `precompute embed`, which writes `part-NNNNN.parquet` into `--out`, a folder that every executor
and the driver have mounted; the file is there whole or not at all. So a task that Spark runs twice writes the same file again, and
parts whose files are there are not embedded again. Rows of photos that cannot be embedded carry the reason.
"""

import argparse
import os
import re
import subprocess
import sys
from itertools import groupby
from pathlib import Path

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql import functions as f

# A batch is in memory as a whole, on both sides of the pipe.
ROWS_OF_A_BATCH = "64"
DONE = "part int, rows bigint"


def part_file(out, part):
    return Path(out) / f"part-{part:05}.parquet"


def parts_there(out):
    names = (re.fullmatch(r"part-(\d{5})\.parquet", name) for name in os.listdir(out))
    return {int(name[1]) for name in names if name}


def done(part, rows):
    return pa.RecordBatch.from_pydict({"part": pa.array([part], pa.int32()), "rows": pa.array([rows], pa.int64())})


def embed_folder(photos, out, parts, program, options):
    """A task whose rows are numbers of parts: the program reads their photos from the folder itself."""

    def task(batches):
        for batch in batches:
            for part in batch.column("part").to_pylist():
                path = part_file(out, part)
                share = ["--part", f"{part}/{parts}", "--out", str(path)]
                subprocess.run([program, "embed", photos, *share, *options], check=True)
                yield done(part, -1)

    return task


def runs(batches):
    """The batches cut where the part changes, each with its part."""
    for batch in batches:
        parts = batch.column("part").to_pylist()
        begin = 0
        for end in range(1, len(parts) + 1):
            if end == len(parts) or parts[end] != parts[begin]:
                yield parts[begin], batch.select(["id", "photo"]).slice(begin, end - begin)
                begin = end


def embed_rows(out, program, options):
    """A task whose rows are photos, sorted by part."""

    def task(batches):
        from lookalike_embed import embed_to_file

        for part, pieces in groupby(runs(batches), key=lambda piece: piece[0]):
            path = part_file(out, part)
            yield done(part, embed_to_file((batch for _, batch in pieces), path, program, options))

    return task


def photos_of(spark, arguments):
    """The photos as columns id and photo."""
    if arguments.photos:
        files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(arguments.photos)
        name = f.regexp_extract("path", r"([^/]+)\.[^./]+$", 1)
        wanted = f.lower("path").rlike(r"/[^./][^/]*\.(jpg|jpeg|jpe|jfif|mpo|png|webp|gif|bmp|dib|tif|tiff)$")
        return files.where(wanted).select(name.alias("id"), f.col("content").alias("photo"))
    table = spark.read.parquet(arguments.parquet) if arguments.parquet else spark.table(arguments.table)
    return table.select(f.col(arguments.id_column).cast("string").alias("id"), f.col(arguments.photo_column).alias("photo"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--photos", help="a mounted folder, or an address that Spark reads")
    source.add_argument("--parquet", help="a file or folder of Parquet, at any address that Spark reads")
    source.add_argument("--table", help="a table of Spark's catalogue")
    parser.add_argument("--id-column", default="id")
    parser.add_argument("--photo-column", default="photo")
    parser.add_argument("--out", required=True, help="a folder that every executor and the driver have mounted")
    parser.add_argument("--parts", type=int, required=True, help="the same in every run; some minutes of work each are good")
    parser.add_argument("--precompute", default="precompute", help="the program, on every executor")
    parser.add_argument("options", nargs="*", help="after --: options of precompute embed, such as --model and --jobs")
    arguments = parser.parse_args()
    if not 0 < arguments.parts <= 100_000:
        parser.error("--parts is from 1 to 100000")
    out = Path(arguments.out).absolute()
    out.mkdir(parents=True, exist_ok=True)
    # Other parts of the same photos would be embedded twice, in files that do not go together.
    note = out / "_parts"
    if note.exists() and int(note.read_text()) != arguments.parts:
        sys.exit(f"{out} has parts of {note.read_text()}, not of {arguments.parts}: give --parts {note.read_text()}, or another --out")
    note.write_text(str(arguments.parts))

    spark = SparkSession.builder.appName("lookalike embed").getOrCreate()
    spark.conf.set("spark.sql.execution.arrow.maxRecordsPerBatch", ROWS_OF_A_BATCH)
    before = parts_there(out)
    wanted = sorted(set(range(arguments.parts)) - before)
    print(f"embed: {len(before)} of {arguments.parts} parts are there, {len(wanted)} to embed", flush=True)
    if wanted and arguments.photos and "://" not in arguments.photos:
        numbers = spark.createDataFrame([(part,) for part in wanted], "part int").repartitionByRange(len(wanted), "part")
        photos = os.path.abspath(arguments.photos)
        task = embed_folder(photos, out, arguments.parts, arguments.precompute, arguments.options)
        finished = numbers.mapInArrow(task, DONE).collect()
    elif wanted:
        photos = photos_of(spark, arguments)
        part = f.pmod(f.crc32(f.coalesce("id", f.lit(""))), f.lit(arguments.parts)).cast("int")
        photos = photos.withColumn("part", part)
        if before:
            photos = photos.where(f.col("part").isin(wanted))
        # By id too, so that a part that is embedded again is the same file.
        photos = photos.repartition(len(wanted), "part").sortWithinPartitions("part", "id")
        finished = photos.mapInArrow(embed_rows(out, arguments.precompute, arguments.options), DONE).collect()
    else:
        finished = []
    missing = {row.part for row in finished} - parts_there(out)
    if missing:
        sys.exit(f"the files of parts {sorted(missing)} are not in {out}: is it mounted on every executor and here?")
    for row in sorted(finished):
        count = "" if row.rows < 0 else f", {row.rows} photos"
        print(f"embed: {part_file(out, row.part)}{count}")
    spark.stop()


if __name__ == "__main__":
    main()
