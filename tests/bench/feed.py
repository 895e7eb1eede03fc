"""A feed of many products with several photos each, fetched from loopback, killed and resumed: `python feed.py --program PRECOMPUTE --work FOLDER`.

Prints JSON: how often the program was killed and with how many photos fetched by then, what the server sent altogether and in the second
run, which nothing has changed for, photos a second and peak memory of the run that ends.
"""

import argparse
import csv
import io
import json
import shutil
import signal
import subprocess
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image

PICTURES = 64


def pictures():
    """JPEGs of 600x800 pixels, of coloured waves."""
    down, across = np.mgrid[0:800, 0:600]
    for number in range(PICTURES):
        random = np.random.default_rng(number)
        waves = [np.sin(down / random.uniform(5, 80) + across / random.uniform(5, 80) + random.uniform(0, 6)) for _ in range(3)]
        values = (np.stack(waves, 2) * 127 + 128).astype(np.uint8)
        file = io.BytesIO()
        Image.fromarray(values).save(file, "JPEG", quality=85)
        yield file.getvalue()


class Shop(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.pictures, self.sent = list(pictures()), Counter()

    def handle_error(self, *_):
        """Connections break off when the program is killed."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        number = int(self.path.strip("/").split(".")[0])
        tag = f'"{number}"'
        if self.headers.get("If-None-Match") == tag:
            self.server.sent["unchanged"] += 1
            self.send_response(304)
            self.send_header("ETag", tag)
            self.end_headers()
            return
        picture = self.server.pictures[number % PICTURES]
        # A comment makes each file its own.
        note = b"%08d" % number
        body = picture[:2] + b"\xff\xfe" + (len(note) + 2).to_bytes(2, "big") + note + picture[2:]
        self.server.sent["photos"] += 1
        self.send_response(200)
        self.send_header("ETag", tag)
        self.send_header("Content-Type", "image/jpeg")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--program", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--products", type=int, default=2000)
    parser.add_argument("--photos", type=int, default=3)
    parser.add_argument("--kills", type=int, default=3)
    options = parser.parse_args()
    shutil.rmtree(options.work, ignore_errors=True)
    options.work.mkdir(parents=True)
    shop = Shop()
    threading.Thread(target=shop.serve_forever, daemon=True).start()
    feed = options.work / "feed.csv"
    with open(feed, "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["id", "title", "link", "image_link", "additional_image_link", "price", "availability"])
        for product in range(options.products):
            own = [f"http://127.0.0.1:{shop.server_port}/{product * options.photos + at}.jpg" for at in range(options.photos)]
            table.writerow([f"p{product}", f"Product {product}", f"/p/{product}", own[0], ",".join(own[1:]), "19.90 EUR", "in_stock"])
    command = [options.program, "build", "--feed", feed, "--out", options.work / "folder", "--allow-private", "--json"]
    all_photos = options.products * options.photos
    kills = []
    for kill in range(options.kills):
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # The last kill is amid embedding.
        while run.poll() is None and shop.sent["photos"] < all_photos * (kill + 1) // options.kills:
            time.sleep(0.05)
        time.sleep(10 if kill + 1 == options.kills else 0)
        run.send_signal(signal.SIGKILL)
        run.wait()
        kills.append(shop.sent["photos"])
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    first = dict(shop.sent)
    shop.sent.clear()
    again = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout)
    print(json.dumps({
        "products": report["items"], "photos": report["photos"], "killed_with_photos_fetched": kills, "sent": first,
        "sent_in_second_run": dict(shop.sent), "embedded_in_last_run": report["embedded"], "reused_in_last_run": report["reused"],
        "photos_a_second": round(report["images_per_second"], 1), "peak_memory_megabytes": round(report["peak_memory_bytes"] / 1e6),
        "seconds_of_second_run": round(again["seconds"], 1),
    }))


if __name__ == "__main__":
    main()
