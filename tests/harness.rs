//! What every test here needs: the program, scratch folders, and the shared data if it is there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use anyhow::{Context, ensure};

/// The `precompute` program built beside these tests (`make test` builds it first).
///
/// # Errors
/// When it is not there.
pub fn program() -> anyhow::Result<PathBuf> {
    let test = std::env::current_exe()?;
    // target/<profile>/deps/<test>
    let folder = test.parent().and_then(Path::parent).context("tests run from the target folder")?;
    let program = folder.join(format!("precompute{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.is_file(), "{} is not built; run `make test`", program.display());
    Ok(program)
}

/// Runs the program to its end.
///
/// # Errors
/// When it cannot be started.
pub fn precompute<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> anyhow::Result<Output> {
    Command::new(program()?).args(arguments).output().context("starting precompute")
}

/// A folder of its own for one test, removed when dropped.
pub struct Scratch(PathBuf);

impl Scratch {
    /// An empty folder; `name` is unique among the tests.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn new(name: &str) -> anyhow::Result<Scratch> {
        let path = std::env::temp_dir().join(format!("lookalike-{}-{name}", std::process::id()));
        if path.exists() {
            std::fs::remove_dir_all(&path)?;
        }
        std::fs::create_dir_all(&path)?;
        Ok(Scratch(path))
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A path in it.
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// A file or folder of the data shared beside the project; says that the test skips where there is none.
pub fn shared(path: &str) -> Option<PathBuf> {
    let place = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared").join(path);
    if place.exists() {
        return Some(place);
    }
    eprintln!("SKIPPED: this test needs ../shared/{path}, which is not there");
    None
}
