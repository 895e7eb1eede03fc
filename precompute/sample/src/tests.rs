//! Tests of the catalogue as a whole.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use tiny_skia::{Pixmap, Transform};

use super::garments::{Category, sew};
use super::motifs::{self, BOX, Inks};
use super::plan::Item;
use super::random::Random;
use super::{draw_catalogue, write_table};

/// A folder for one test, removed when the test is over.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lookalike-sample-{}-{name}", process::id()));
        Self(path)
    }

    fn draw(name: &str, count: usize, seed: u64) -> Self {
        let folder = Self::new(name);
        draw_catalogue(&folder.0, count, seed, &|_| {}).unwrap();
        folder
    }

    /// All files below the folder, by relative path.
    fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        for folder in [self.0.clone(), self.0.join("photos")] {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    let name = path.strip_prefix(&self.0).unwrap().to_owned();
                    files.insert(name, fs::read(path).unwrap());
                }
            }
        }
        files
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder left behind in the temporary folder is no reason to fail.
        fs::remove_dir_all(&self.0).ok();
    }
}

fn plan(count: usize) -> Vec<Item> {
    (0..count).map(|index| Item::plan(7, index)).collect()
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (first, second) = (Folder::draw("once", 6, 7), Folder::draw("again", 6, 7));
    let files = first.files();
    assert_eq!(files.len(), 7, "six photos and a table");
    assert!(files == second.files());
}

#[test]
fn different_seeds_give_different_catalogues() {
    let (first, second) = (Folder::draw("seed-1", 1, 1), Folder::draw("seed-2", 1, 2));
    let table = Path::new("items.csv");
    assert_ne!(first.files()[table], second.files()[table]);
}

#[test]
fn an_item_does_not_depend_on_the_count() {
    let (few, many) = (Folder::draw("few", 1, 7), Folder::draw("many", 2, 7));
    let many = many.files();
    for (name, bytes) in few.files() {
        if name.starts_with("photos") {
            assert!(many[&name] == bytes, "{}", name.display());
        }
    }
}

#[test]
fn progress_counts_every_photo() {
    let folder = Folder::new("progress");
    let seen = std::sync::Mutex::new(Vec::new());
    draw_catalogue(&folder.0, 2, 7, &|done| seen.lock().unwrap().push(done)).unwrap();
    let mut seen = seen.into_inner().unwrap();
    seen.sort_unstable();
    assert_eq!(seen, [1, 2]);
}

#[test]
fn too_many_items_are_refused() {
    let folder = Folder::new("too-many");
    assert!(draw_catalogue(&folder.0, 1_000_000, 7, &|_| {}).is_err());
}

#[test]
fn ids_are_unique_and_have_six_digits() {
    let ids: HashSet<usize> = plan(2000).iter().map(|item| item.id).collect();
    assert_eq!(ids.len(), 2000);
    assert!(ids.iter().all(|id| (100_000..1_000_000).contains(id)));
}

#[test]
fn titles_say_colour_garment_and_print() {
    for item in plan(500) {
        let title = item.title();
        let lower = title.to_lowercase();
        assert!(lower.starts_with(item.shade.name), "{title}");
        assert!(title.contains(item.category.title()), "{title}");
        match &item.print {
            Some(print) => assert!(title.contains(print.motif.name), "{title}"),
            None => assert!(!title.contains("print"), "{title}"),
        }
    }
}

#[test]
fn the_mix_is_that_of_a_shop() {
    let items = plan(2000);
    let share = |wanted: &dyn Fn(&Item) -> bool| {
        items.iter().filter(|item| wanted(item)).count() as f32 / items.len() as f32
    };
    let unprinted = share(&|item| item.print.is_none());
    assert!((0.22..0.38).contains(&unprinted), "{unprinted}");
    let in_stock = share(&|item| item.in_stock);
    assert!((0.87..0.93).contains(&in_stock), "{in_stock}");
}

#[test]
fn the_table_has_a_row_per_item() {
    let folder = Folder::new("table");
    fs::create_dir_all(&folder.0).unwrap();
    let path = folder.0.join("items.csv");
    let items = plan(50);
    write_table(&path, &items).unwrap();
    let mut table = csv::Reader::from_path(&path).unwrap();
    let rows: Vec<csv::StringRecord> = table.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), items.len());
    for (row, item) in rows.iter().zip(&items) {
        assert_eq!(row[0], item.id.to_string());
        assert_eq!(row[2], format!("?item={}", item.id));
        assert_eq!(row[3].split_once('.').map(|(_, cents)| cents.len()), Some(2), "{}", &row[3]);
    }
}

#[test]
fn motifs_are_many_and_have_unique_names() {
    let all = motifs::all();
    let names: HashSet<&str> = all.iter().map(|motif| motif.name).collect();
    assert!(all.len() >= 40);
    assert_eq!(names.len(), all.len());
}

#[test]
fn every_motif_paints_within_its_box() {
    const SIDE: u32 = 160;
    // The box lies in the middle, with a margin that must stay all but empty.
    let margin = (SIDE as f32 - BOX) / 2.0;
    for motif in motifs::all() {
        let mut pixmap = Pixmap::new(SIDE, SIDE).unwrap();
        let place = Transform::from_translate(margin, margin);
        motif.print(&mut pixmap, place, None, Inks::of(motif.natural), None);
        let (mut inside, mut outside) = (0, 0);
        for (index, pixel) in pixmap.pixels().iter().enumerate() {
            let (x, y) = ((index as u32 % SIDE) as f32, (index as u32 / SIDE) as f32);
            let frame = margin - 4.0..SIDE as f32 - margin + 4.0;
            let painted = usize::from(pixel.alpha() > 0);
            if frame.contains(&x) && frame.contains(&y) {
                inside += painted;
            } else {
                outside += painted;
            }
        }
        assert!(inside > 1000, "{} paints only {inside} pixels", motif.name);
        assert_eq!(outside, 0, "{} leaves its box", motif.name);
    }
}

#[test]
fn every_cut_of_every_garment_can_be_sewn() {
    let categories = [
        Category::Tee,
        Category::LongSleeve,
        Category::Sweatshirt,
        Category::Hoodie,
        Category::Tank,
        Category::Polo,
        Category::Dress,
        Category::Skirt,
        Category::Tote,
    ];
    for category in categories {
        for cut in 0..category.cuts() {
            let garment = sew(category, cut, &mut Random::new(3));
            assert!(!garment.panels.is_empty(), "{category:?} {cut}");
            assert!(garment.chest.side > 0.0, "{category:?} {cut}");
        }
    }
}
