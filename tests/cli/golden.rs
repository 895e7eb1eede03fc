//! The files in `tests/golden/v2`, committed for good: the present code reads them to the values they were made of, and writes
//! the same bytes from the same values (but for the codes, whose training rounds otherwise on other machines). Of `v3`, where
//! codes are in partitions, they are read. `golden/README.md` says how they came to be.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use lookalike::attributes::{Attributes, Filter, write_attributes};
use lookalike::codes::Codes;
use lookalike::colour::{ColourCodes, Colours, Means};
use lookalike::digest::Digest;
use lookalike::embedding::{Metric, distance, norm};
use lookalike::folder::{
    Card, CardsEntry, FileEntry, Header, Manifest, NeighboursEntry, NetworkEntry, PRODUCTS_PER_SHARD, Row,
    read_card_shard, read_neighbour_shard, shard_count, write_card_shard, write_neighbour_shard,
};
use lookalike::ivf::{File, FileKind, Folders, Partitions, folder_of_layer};
use lookalike::network::{Description, Encoding, Loader, Vgg16, encode, random_weights, write_parts};
use lookalike::photo::Photo;
use lookalike::rank::Neighbour;
use lookalike::search::Catalogue;
use lookalike_tests::{Scratch, arguments, codes, succeed, tree};

/// In item order; as numbers, f32 holds all of them exactly.
const EMBEDDINGS: [(&str, [f32; 4]); 3] =
    [("875317", [0.0, 1.5, 255.0, 7.0]), ("b", [2.0, 0.0, 0.0, 7.0]), ("été 👗", [0.5, 0.25, 127.5, 7.0])];

/// What the network makes of [`photo`]; the network rounds differently on other machines, by less than [`CLOSE`].
const EMBEDDING: [f32; 4] = [0.0, 6.654_671, 0.0, 2.560_924];
const CLOSE: f32 = 1e-4;

/// A picture of 5x3 pixels, by a rule that no library is needed for.
fn photo() -> anyhow::Result<Photo> {
    let rgb = (0..45u8).map(|at| at.wrapping_mul(37)).collect();
    Photo::new(5, 3, rgb).context("5x3 pixels")
}

fn rows() -> Vec<Row> {
    let neighbours = |item: usize, metric: Metric| {
        let others = (0..3).filter(|other| *other != item);
        let mut list: Vec<Neighbour> = others
            .map(|other| {
                let distance = distance(metric, &EMBEDDINGS[item].1, &EMBEDDINGS[other].1);
                // As the file keeps it.
                Neighbour { item: other as u32, distance: f64::from(distance as f32) }
            })
            .collect();
        list.sort();
        list
    };
    let row = |item: usize| Row {
        item: item as u32,
        id: EMBEDDINGS[item].0.to_owned(),
        neighbours: Metric::ALL.map(|metric| neighbours(item, metric)).to_vec(),
    };
    (0..3).map(row).collect()
}

fn cards() -> Vec<Card> {
    let some = |text: &str| Some(text.to_owned());
    let attributes =
        [("colour", "red"), ("Größe", "M")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    vec![
        Card {
            id: "875317".to_owned(),
            title: some("Red tee, \"V\" neck"),
            url: some("/shop/875317?ref=a&b=c"),
            price: some("19.90"),
            thumbnail: None,
            width: 240,
            height: 320,
            image: some("photos/875317.jpg"),
            photo: None,
            attributes: BTreeMap::from(attributes),
        },
        Card { id: "b".to_owned(), width: 1, height: 320, ..Card::default() },
        Card { id: "été 👗".to_owned(), title: some("<b>"), width: 320, height: 1, ..Card::default() },
    ]
}

/// Colours of one photo of each product.
fn colours() -> anyhow::Result<Vec<Colours>> {
    let photo = |product: u8| {
        let rgb = (0..45u8).map(|at| at.wrapping_mul(37).wrapping_add(80 * product)).collect();
        Ok(Colours::of(&Photo::new(5, 3, rgb).context("5x3 pixels")?))
    };
    (0..3).map(photo).collect()
}

const MEANS: Means = Means { colour: 0.5, network: [0.25, 1.5, 7.0] };

fn attributes() -> Vec<u8> {
    let rows = [
        [("colour", "red|blue"), ("price", "19.90"), ("group", "a")],
        [("colour", ""), ("price", "5"), ("group", "a")],
        [("colour", "grün"), ("price", ""), ("group", "b")],
    ];
    write_attributes(rows, &[]).bytes
}

/// `network.json` and the part of a miniature VGG-16 with weights of all three encodings.
fn network() -> anyhow::Result<(Description, Vec<u8>)> {
    let mut description = Vgg16 { side: 32, divisor: 32, dense: 4 }.describe("golden", false, Encoding::Int8);
    description.tensors[0].encoding = Encoding::F32;
    description.tensors[2].encoding = Encoding::F16;
    let tensors: Vec<Vec<f32>> = random_weights(&description, 1).collect();
    let stored: Vec<Vec<u8>> = tensors
        .iter()
        .zip(&description.tensors)
        .map(|(values, entry)| encode(values, &entry.shape, entry.encoding))
        .collect();
    let mut parts = Vec::new();
    write_parts(&mut description, stored, |name, content| -> anyhow::Result<()> {
        parts.push((name.to_owned(), content.to_vec()));
        Ok(())
    })?;
    ensure!(parts.len() == 1 && parts[0].0 == "part-000.bin", "one part");
    Ok((description, parts.remove(0).1))
}

/// Every file of the folder, as the present code writes it.
fn written() -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let set = |files: &mut BTreeMap<String, Vec<u8>>, kind: &str, name: &str, content: Vec<u8>| {
        let path = format!("{kind}-{}", Digest::of_set([Digest::of(&content)]).short());
        files.insert(format!("{path}/{name}"), content);
        path
    };
    let neighbours = set(&mut files, "neighbours", "0.bin", write_neighbour_shard(&rows(), 3, 2));
    let cards = set(&mut files, "cards", "0.json", write_card_shard(&cards()));
    let single = |files: &mut BTreeMap<String, Vec<u8>>, kind: &str, content: Vec<u8>| {
        let sha256 = Digest::of(&content);
        let path = format!("{kind}-{}.bin", sha256.short());
        let entry = FileEntry { path: path.clone(), bytes: content.len() as u64, sha256: sha256.hex() };
        files.insert(path, content);
        entry
    };
    let mut of_codes = |kind: &str| -> anyhow::Result<FileEntry> {
        let found = tree(&golden())?.into_iter().find(|(name, _)| name.starts_with(&format!("{kind}-")));
        Ok(single(&mut files, kind, found.context(kind.to_owned())?.1))
    };
    let (codec, codes, refinement) = (of_codes("codec")?, of_codes("codes")?, of_codes("refinement")?);
    let colours = single(&mut files, "colours", ColourCodes::write(&colours()?, &MEANS, 0.25));
    let attributes = Some(single(&mut files, "attributes", attributes()));
    let (description, part) = network()?;
    let text = description.write();
    let identity = Digest::of(&text);
    let network = NetworkEntry {
        path: format!("network-{}", identity.short()),
        sha256: identity.hex(),
        name: "golden".to_owned(),
        trained: false,
        bytes: (text.len() + part.len()) as u64,
    };
    files.insert(format!("{}/network.json", network.path), text);
    files.insert(format!("{}/part-000.bin", network.path), part);
    let manifest = Manifest {
        header: Header::default(),
        adaptation: None,
        items: 3,
        products: None,
        metrics: Metric::ALL.to_vec(),
        neighbours: NeighboursEntry {
            path: neighbours,
            shards: shard_count(3, PRODUCTS_PER_SHARD),
            each: 2,
            recall: None,
            network: None,
        },
        cards: CardsEntry { path: cards, shards: 1, per_shard: PRODUCTS_PER_SHARD },
        codec,
        codes,
        refinement,
        partitions: None,
        colours,
        attributes,
        columns: None,
        network,
        widget: None,
    };
    files.insert("manifest.json".to_owned(), manifest.write());
    Ok(files)
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v2")
}

#[test]
fn the_same_values_are_written_as_the_same_bytes() -> anyhow::Result<()> {
    let (found, written) = (tree(&golden())?, written()?);
    ensure!(found.len() == 10, "{:?}", found.keys());
    ensure!(found.keys().eq(written.keys()), "{:?}, not {:?}", written.keys(), found.keys());
    for (name, content) in &found {
        ensure!(written[name] == *content, "{name} is written otherwise than it was");
    }
    let size: usize = found.values().map(Vec::len).sum();
    ensure!(size < 60_000, "{size} bytes are too many to keep for good");
    Ok(())
}

#[test]
fn neighbours_cards_and_codes_are_read_to_their_values() -> anyhow::Result<()> {
    let read = |path: &str| fs::read(golden().join(path)).with_context(|| path.to_owned());
    let manifest = Manifest::read(&read("manifest.json")?)?;
    ensure!(manifest.items == 3 && manifest.metrics == Metric::ALL, "{manifest:?}");
    ensure!((manifest.neighbours.shards, manifest.neighbours.each) == (1, 2), "{manifest:?}");
    ensure!((manifest.cards.shards, manifest.cards.per_shard) == (1, 16), "{manifest:?}");
    ensure!(manifest.widget.is_none() && !manifest.network.trained, "{manifest:?}");
    ensure!(manifest.network.name == "golden", "{manifest:?}");

    let shard = read_neighbour_shard(&read(&format!("{}/0.bin", manifest.neighbours.path))?, 3)?;
    ensure!(shard.rows == rows(), "{shard:?}");
    // Of the first product by each metric, worked out by NumPy.
    let by_numpy = [
        [(2, 0.000_390_781_4), (1, 0.973_615_620_5)],
        [(2, 127.507_107_6), (1, 255.012_254_6)],
        [(2, 129.25), (1, 258.5)],
    ];
    for (list, want) in shard.row("875317").context("a row")?.neighbours.iter().zip(by_numpy) {
        for (near, (item, distance)) in list.iter().zip(want) {
            ensure!(
                near.item == item && (near.distance - distance).abs() < 1e-6 * distance.max(1.0),
                "{near:?}, not {distance}"
            );
        }
    }
    ensure!(read_card_shard(&read(&format!("{}/0.json", manifest.cards.path))?)? == cards());

    let mut codes = codes(&golden())?;
    ensure!((codes.items(), codes.dims()) == (3, 4));
    for (refined, close) in [(false, 0.03), (true, 0.005)] {
        if refined {
            codes.refine(&read(&manifest.refinement.path)?)?;
        }
        let mut decoded = [0f32; 4];
        for (item, (_, embedding)) in EMBEDDINGS.iter().enumerate() {
            codes.decode(item, &mut decoded);
            let error = distance(Metric::Euclidean, embedding, &decoded);
            ensure!(error <= close * norm(embedding), "{item}: {decoded:?} for {embedding:?}");
        }
    }

    let found = ColourCodes::read(&read(&manifest.colours.path)?)?;
    ensure!((found.items(), *found.means(), found.weight()) == (3, MEANS, 0.25));
    for (item, own) in colours()?.iter().enumerate() {
        ensure!(found.get(item) == own, "colours of {item}");
    }
    let entry = manifest.attributes.as_ref().context("attributes")?;
    let attributes = Attributes::read(&read(&entry.path)?, 3)?;
    for (filter, want) in [("colour=blue", vec![0]), ("price<10", vec![1]), ("!group=a", vec![2])] {
        let selected: Vec<u32> = attributes.select(&filter.parse()?)?.iter().collect();
        ensure!(selected == want, "{filter}: {selected:?}");
    }
    Ok(())
}

#[test]
fn the_network_is_read_and_makes_the_same_embedding() -> anyhow::Result<()> {
    let manifest = Manifest::read(&fs::read(golden().join("manifest.json"))?)?;
    let folder = golden().join(&manifest.network.path);
    let mut loader = Loader::new(&fs::read(folder.join("network.json"))?, &manifest.network.sha256)?;
    ensure!(*loader.description() == network()?.0, "the description is as it was");
    loader.part(0, &fs::read(folder.join("part-000.bin"))?)?;
    let network = loader.finish()?;
    let embedding = network.embed(&photo()?)?;
    ensure!(embedding.len() == 4 && embedding.iter().any(|value| *value > 0.0), "{embedding:?}");
    for (got, want) in embedding.iter().zip(EMBEDDING) {
        ensure!((got - want).abs() <= CLOSE * want.abs().max(1.0), "{embedding:?}, not {EMBEDDING:?}");
    }
    Ok(())
}

#[test]
fn the_program_finds_the_folder_good_and_answers_from_it() -> anyhow::Result<()> {
    // A copy, for the program keeps nothing beside what is committed.
    let scratch = Scratch::new("golden")?;
    for (name, content) in tree(&golden())? {
        let path = scratch.join(&name);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(path, content)?;
    }
    succeed(arguments!["verify", scratch.path()])?;
    let text =
        succeed(arguments!["query", scratch.path(), "--item", "875317", "--metric", "manhattan", "-k", "2"])?;
    ensure!(text == "129.250000 été 👗  <b>\n258.500000 b  \n", "{text:?}");
    Ok(())
}

/// `v2` with its codes in partitions; with colours and attributes in them too, if it is so with `all_layers`. A folder beside `v2` holds
/// the files that differ.
fn golden_in_partitions(scratch: &Scratch, all_layers: bool) -> anyhow::Result<()> {
    let mut files = tree(&golden())?;
    let codes = ("v3", &["codec", "codes", "refinement", "manifest"][..]);
    let layers = ("v3-layers", &["colours", "attributes", "manifest"][..]);
    for (name, kinds) in [codes, layers].into_iter().take(1 + usize::from(all_layers)) {
        files.retain(|file, _| !kinds.iter().any(|kind| file.starts_with(kind)));
        files.extend(tree(&golden().with_file_name(name))?);
    }
    for (name, content) in files {
        let path = scratch.join(&name);
        fs::create_dir_all(path.parent().context("a folder")?)?;
        fs::write(path, content)?;
    }
    Ok(())
}

/// The catalogue of a folder in partitions, of which none is loaded.
fn partitioned(
    manifest: &Manifest,
    read: &dyn Fn(&str) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<Catalogue> {
    let (codec, codes) = (read(&manifest.codec.path)?, read(&manifest.codes.path)?);
    let mut catalogue = Catalogue::new(Codes::read(&codec, &codes, manifest.items)?);
    catalogue.set_folders(Folders {
        codes: manifest.partitions.as_ref().context("partitions")?.path.clone(),
        colours: folder_of_layer(&manifest.colours.path).to_owned(),
        attributes: folder_of_layer(&manifest.attributes.as_ref().context("attributes")?.path).to_owned(),
    });
    Ok(catalogue)
}

fn load(
    catalogue: &mut Catalogue,
    kind: FileKind,
    number: u32,
    read: &dyn Fn(&str) -> anyhow::Result<Vec<u8>>,
) -> anyhow::Result<()> {
    let file = File { kind, number, bytes: 0 };
    Ok(catalogue.load(file, &read(&catalogue.path(file))?)?)
}

#[test]
fn colours_and_attributes_in_partitions_are_read_to_their_values() -> anyhow::Result<()> {
    let scratch = Scratch::new("golden-v3-layers")?;
    golden_in_partitions(&scratch, true)?;
    let read = |path: &str| fs::read(scratch.join(path)).with_context(|| path.to_owned());
    let manifest = Manifest::read(&read("manifest.json")?)?;
    let mut catalogue = partitioned(&manifest, &read)?;
    catalogue.give_colours(&read(&manifest.colours.path)?)?;
    catalogue.give_attributes(&read(&manifest.attributes.as_ref().context("attributes")?.path)?)?;
    for partition in [1, 0] {
        for kind in [FileKind::Codes, FileKind::Colours, FileKind::Attributes] {
            load(&mut catalogue, kind, partition, &read)?;
        }
    }
    let found = catalogue.colours().context("colours")?;
    ensure!((found.items(), *found.means(), found.weight()) == (3, MEANS, 0.25));
    ensure!(found.digests().is_some_and(|digests| digests.len() == 2));
    for (item, own) in (0..).zip(&colours()?) {
        let row = catalogue.row(item).context("loaded")?;
        ensure!(found.get(row) == own, "item {item}");
    }
    let columns = catalogue.attributes();
    ensure!(columns.digests().is_some_and(|digests| digests.len() == 2));
    let whole = Attributes::read(&attributes(), 3)?;
    for filter in ["colour=red", "price<10", "colour=grün or price>=19.9", "group=a"] {
        let filter: Filter = filter.parse()?;
        ensure!(columns.select(&filter)? == whole.select(&filter)?, "{filter}");
    }
    ensure!(columns.groups("group")? == whole.groups("group")?);
    succeed(arguments!["verify", scratch.path()])?;
    let query = ["--item", "875317", "--colour", "1", "--filter", "price<10", "-k", "2"];
    let text = succeed(arguments!["query", scratch.path()].into_iter().chain(query.map(Into::into)))?;
    ensure!(text.ends_with(" b  \n") && text.lines().count() == 1, "{text:?}");
    Ok(())
}

#[test]
fn codes_in_partitions_are_read_to_their_values() -> anyhow::Result<()> {
    let scratch = Scratch::new("golden-v3")?;
    golden_in_partitions(&scratch, false)?;
    let read = |path: &str| fs::read(scratch.join(path)).with_context(|| path.to_owned());
    let manifest = Manifest::read(&read("manifest.json")?)?;
    let entry = manifest.partitions.as_ref().context("partitions")?;
    ensure!(entry.count == 2 && manifest.neighbours.recall == Some(1.0), "{manifest:?}");
    let mut catalogue = partitioned(&manifest, &read)?;
    let partitions = |catalogue: &Catalogue| catalogue.partitions().map(Partitions::count);
    ensure!((partitions(&catalogue), catalogue.items(), catalogue.codes().dims()) == (Some(2), 3, 4));
    catalogue.refine(&read(&manifest.refinement.path)?)?;
    load(&mut catalogue, FileKind::Assignments, 0, &read)?;
    for (kind, close) in [(FileKind::Codes, 0.03), (FileKind::Refinement, 0.005)] {
        let mut decoded = [0f32; 4];
        for (partition, members) in [(0, vec![0, 2]), (1, vec![1])] {
            load(&mut catalogue, kind, partition, &read)?;
            let partitions = catalogue.partitions().context("partitions")?;
            ensure!(partitions.items_of(&[partition]) == members);
            for item in members {
                ensure!(partitions.partition_of(item) == Some(partition));
                let row = catalogue.row(item).context("loaded")?;
                catalogue.codes().decode(row, &mut decoded);
                let embedding = &EMBEDDINGS[item as usize].1;
                let error = distance(Metric::Euclidean, embedding, &decoded);
                ensure!(error <= close * norm(embedding), "{item}: {decoded:?} for {embedding:?}");
            }
        }
    }
    for (item, (_, embedding)) in EMBEDDINGS.iter().enumerate() {
        let query = catalogue.codes().query(embedding, Metric::Cosine)?;
        let nearest = catalogue.partitions().context("partitions")?.nearest(&query.point(), 1);
        ensure!(nearest == [u32::from(item == 1)], "{item}: {nearest:?}");
    }

    succeed(arguments!["verify", scratch.path()])?;
    let query = arguments!["query", scratch.path(), "--item", "875317", "--filter", "price<10", "-k", "2"];
    let text = succeed(query)?;
    ensure!(text.ends_with(" b  \n") && text.lines().count() == 1, "{text:?}");
    Ok(())
}
