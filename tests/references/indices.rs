//! Networks of others, given to `build` as they are: each makes a whole folder that answers.

use std::fs;

use anyhow::{Context, ensure};
use lookalike_tests::{Npy, Scratch, arguments, shared, succeed, succeed_json};

const NETWORKS: [(&str, usize); 3] = [("squeezenet1.1", 512), ("mobilenetv2", 1280), ("resnet50", 2048)];
const PHOTOS: usize = 12;

#[test]
fn each_network_builds_a_folder_that_answers() -> anyhow::Result<()> {
    let (Some(models), Some(catalogue)) = (shared("models"), shared("catalog/images")) else { return Ok(()) };
    let scratch = Scratch::new("indices")?;
    let photos = scratch.join("photos");
    fs::create_dir(&photos)?;
    let mut names = fs::read_dir(&catalogue)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<anyhow::Result<Vec<String>>>()?;
    names.sort();
    let step = names.len() / PHOTOS;
    for name in names.iter().step_by(step).take(PHOTOS) {
        fs::copy(catalogue.join(name), photos.join(name))?;
    }
    for (network, dims) in NETWORKS {
        let (out, npy) = (scratch.join(network), scratch.join(&format!("{network}.npy")));
        let onnx = models.join(format!("{network}.onnx"));
        let report = succeed_json(arguments!["build", &photos, "--out", &out, "--model", onnx, "--json"])?;
        ensure!(report["items"] == PHOTOS && report["embedded"] == PHOTOS, "{network}: {report}");
        succeed(arguments!["verify", &out])?;
        succeed(arguments!["export", &out, "--npy", &npy])?;
        ensure!(Npy::read(&npy)?.shape == [PHOTOS, dims], "{network}: {:?}", Npy::read(&npy)?.shape);
        for name in names.iter().step_by(step).take(PHOTOS) {
            let photo = photos.join(name);
            let answer = succeed_json(arguments!["query", &out, "--photo", &photo, "-k", "2", "--json"])?;
            let id = answer["neighbours"][0]["id"].as_str().context("a neighbour")?;
            ensure!(format!("{id}.jpg") == *name, "{network}: {name} found {answer}");
        }
        let rate = report["images_per_second"].as_f64().context("a rate")?;
        println!("{network}: {PHOTOS} photos, {dims} numbers each, {rate:.1} a second");
    }
    Ok(())
}
