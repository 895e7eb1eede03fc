//! Folders on mounts, on full disks and on disks that cannot be written. Each test has a space of mounts of its own
//! (`unshare --mount`), which takes root; without, it is skipped.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};

use anyhow::{Context, ensure};
use lookalike_tests::{fail, picture, program, tree};

use crate::shop::Shop;

/// Runs a script in a space of mounts of its own, with the program as `$PRECOMPUTE`; `None` where that is not allowed.
fn with_mounts(shop: &Shop, script: &str) -> anyhow::Result<Option<Output>> {
    let run = |script: &str| -> anyhow::Result<Output> {
        let mut command = Command::new("unshare");
        command.args(["--mount", "bash", "-euo", "pipefail", "-c", script]).current_dir(shop.0.path());
        command.env("PRECOMPUTE", program()?).output().context("starting unshare")
    };
    let allowed =
        run("mkdir -p probe && mount -t tmpfs none probe").is_ok_and(|output| output.status.success());
    if !allowed {
        eprintln!("SKIPPED: this test mounts file systems, which is not allowed here");
        return Ok(None);
    }
    run(script).map(Some)
}

fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_mount_point_is_published_to_file_by_file() -> anyhow::Result<()> {
    let shop = Shop::with("mount", 6)?;
    shop.build(&["--neighbours", "3"])?;
    let new = tree(&shop.out())?;
    // A folder of the same file system mounted there (as volumes are), another file system, and the cache on another.
    let script = "mkdir -p volume bound other/lookalike cached cached.cache
        mount --bind volume bound
        mount -t tmpfs none other/lookalike
        mount -t tmpfs none cached.cache
        for out in bound other/lookalike cached; do
            for neighbours in 2 3; do
                $PRECOMPUTE build photos --out $out --model network --neighbours $neighbours --keep-generations 0
            done
            $PRECOMPUTE verify $out
            $PRECOMPUTE export $out --npy embeddings.npy
            diff -r $out out
        done
        mountpoint bound; mountpoint other/lookalike";
    let Some(output) = with_mounts(&shop, script)? else { return Ok(()) };
    ensure!(output.status.success(), "{}", text(&output));
    ensure!(text(&output).matches("it is a mount point").count() == 4, "it is told: {}", text(&output));
    ensure!(tree(&shop.0.join("volume"))? == new, "what others see of the volume");
    Ok(())
}

#[test]
fn what_cannot_be_written_is_told_before_any_work() -> anyhow::Result<()> {
    let shop = Shop::with("read-only", 6)?;
    shop.build(&[])?;
    let before = tree(&shop.out())?;
    let script = "mkdir -p ro volume
        mount --bind . ro && mount -o remount,bind,ro ro
        mkdir -p locked && mount --bind volume locked && mount -o remount,bind,ro locked
        for out in ro/new ro/out locked; do
            if $PRECOMPUTE build photos --out $out --model network 2>> told; then exit 3; fi
            echo \"--\" >> told
        done
        ls locked.cache
        # What only reads, works there.
        $PRECOMPUTE verify ro/out
        $PRECOMPUTE query ro/out --item p01
        $PRECOMPUTE export ro/out --npy embeddings.npy --raw
        $PRECOMPUTE export ro/out --npy adapted.npy";
    let Some(output) = with_mounts(&shop, script)? else { return Ok(()) };
    ensure!(output.status.success(), "{}", text(&output));
    let told = std::fs::read_to_string(shop.0.join("told"))?;
    ensure!(told.matches("Read-only file system").count() == 3, "{told}");
    ensure!(!told.contains("embedding"), "before any photo is read: {told}");
    ensure!(!text(&output).contains("embeddings-"), "nothing is embedded: {}", text(&output));
    ensure!(tree(&shop.out())? == before && shop.0.join("embeddings.npy").exists());
    Ok(())
}

#[test]
fn twenty_full_disks_lose_nothing() -> anyhow::Result<()> {
    let shop = Shop::new("full-disks")?;
    for seed in 0..30 {
        picture(seed, 300, 200).save(shop.photos().join(format!("p{seed:02}.png")))?;
    }
    shop.build(&["--neighbours", "2"])?;
    let used: usize = [shop.out(), shop.0.join("out.cache")]
        .iter()
        .map(|folder| disk_use(folder))
        .sum::<anyhow::Result<_>>()?;
    // From hardly anything to what a first build takes and a second lacks.
    let script = format!(
        "mkdir -p disk
        $PRECOMPUTE build photos --out undisturbed --model network --keep-generations 0 > /dev/null 2>&1
        full=0
        for step in $(seq 1 22); do
            mount -t tmpfs -o size=$(( {used} * step / 14 )) none disk
            # The second run has an old folder to lose.
            first=0; $PRECOMPUTE build photos --out disk/out --model network --neighbours 2 --keep-generations 0 > log 2>&1 || first=$?
            if [ $first = 0 ]; then cp -r disk/out old; fi
            code=0; $PRECOMPUTE build photos --out disk/out --model network --keep-generations 0 > log 2>&1 || code=$?
            if [ $code != 0 ]; then
                full=$(( full + 1 ))
                grep -q -e 'disk is full' -e 'free space' -e 'No space left' log || {{ cat log; exit 4; }}
                ! grep -q panicked log
                if [ $first = 0 ]; then diff -r disk/out old; else [ ! -e disk/out ]; fi
            fi
            rm -rf old
            mount -o remount,size=100m disk
            kept=$(( $(stat -c %s disk/out.cache/embeddings-*.bin 2> /dev/null || echo 44) - 44 ))
            $PRECOMPUTE build photos --out disk/out --model network --keep-generations 0 --json > report 2> log
            embedded=$(grep -o '\"embedded\":[0-9]*' report | cut -d: -f2)
            [ $(( embedded + kept / 168 )) -eq 30 ] || {{ cat report log; echo kept $kept; exit 5; }}
            diff -r disk/out undisturbed
            umount disk
        done
        echo full $full"
    );
    let Some(output) = with_mounts(&shop, &script)? else { return Ok(()) };
    ensure!(output.status.success(), "{}", text(&output));
    let full = text(&output).trim().rsplit(' ').next().and_then(|count| count.parse::<u32>().ok());
    ensure!(full.is_some_and(|full| full >= 20), "{}", text(&output));
    Ok(())
}

/// Bytes of the files of `folder`, each in whole pages, as a file system in memory keeps them.
fn disk_use(folder: &std::path::Path) -> anyhow::Result<usize> {
    Ok(tree(folder)?.values().map(|content| content.len().next_multiple_of(4096)).sum())
}

#[test]
fn a_place_that_is_no_folder_is_refused_before_any_work() -> anyhow::Result<()> {
    let shop = Shop::with("no-folder", 2)?;
    std::fs::write(shop.out(), "a file")?;
    let errors = fail(1, shop.build_arguments(&[]))?;
    ensure!(errors.contains("is there and is not a folder"), "{errors}");
    Ok(())
}
