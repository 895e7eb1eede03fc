//! A catalogue in partitions is searched as one in a file is; few round trips find the same whatever is loaded and evicted; damage
//! is refused.

use proptest::prelude::*;

use super::*;
use crate::attributes::{Attributes, write_attributes, write_attributes_of_partition};
use crate::codes::{BYTES, Codes, PartitionFiles, PartitionWriter, Rotation, Space};
use crate::colour::{ColourCodes, Means};
use crate::digest::Digest;
use crate::embedding::norm;
use crate::format::{FormatError, Reader};
use crate::ivf::{Folders, Partitions, WrittenPartition, write_assignments};
use crate::test_rng::numbers;

const DIMS: usize = 24;

/// The files of a catalogue in partitions.
struct Written {
    embeddings: Vec<Vec<f32>>,
    codec: Vec<u8>,
    codes: Vec<u8>,
    refinement: Vec<u8>,
    colours: Vec<u8>,
    attributes: Vec<u8>,
    partitions: Vec<PartitionFiles>,
    partition_colours: Vec<Vec<u8>>,
    partition_attributes: Vec<Vec<u8>>,
    members: Vec<Vec<u32>>,
    assignments: Vec<u8>,
}

fn colours_of(item: u32) -> Colours {
    let mut bytes = [0; crate::colour::BYTES];
    bytes[..3].copy_from_slice(&[(item % 7 * 31) as u8, 40, 255]);
    Colours::from_bytes(bytes).expect("one colour")
}

/// Of nine items one is rare; three consecutive ones of a partition are variants.
fn rows(items: usize, partitions: usize) -> Vec<[String; 2]> {
    let row = |item: usize| {
        let kind = if item % 9 == 4 { "rare" } else { "common" };
        [kind.to_owned(), (item / partitions / 3 * partitions + item % partitions).to_string()]
    };
    (0..items).map(row).collect()
}

fn columns([kind, style]: &[String; 2]) -> [(&str, &str); 2] {
    [("kind", kind), ("style", style)]
}

/// Items around as many axes as there are partitions (or around sums of two axes, if there are more partitions than axes).
fn catalogue(items: usize, partitions: usize) -> Written {
    let embeddings: Vec<Vec<f32>> = (0..items)
        .map(|item| {
            let mut embedding: Vec<f32> =
                numbers(DIMS, item as u64).iter().map(|value| value.abs()).collect();
            let own = item % partitions;
            embedding[own % DIMS] += 8.0;
            embedding[(own + own / DIMS * 5) % DIMS] += 6.0 * (own / DIMS) as f32;
            embedding
        })
        .collect();
    let lengths: Vec<f64> = embeddings.iter().map(|embedding| norm(embedding)).collect();
    let mut axes = vec![0f32; DIMS * DIMS];
    (0..DIMS).for_each(|dim| axes[dim * DIMS + dim] = 1.0);
    let space = Space { mean: vec![0.1; DIMS], rotation: Rotation::new(&axes, DIMS), positive: true };
    let coefficients: Vec<f32> = embeddings
        .iter()
        .zip(&lengths)
        .flat_map(|(row, length)| {
            let centred: Vec<f32> = row.iter().map(|value| value / *length as f32 - 0.1).collect();
            space.rotation.project(&centred)
        })
        .collect();
    let writer = PartitionWriter::new(&space, &coefficients, &lengths, BYTES, 2);
    let rows_of_items = rows(items, partitions);
    let whole =
        Attributes::read(&write_attributes(rows_of_items.iter().map(columns), &[]).bytes, items as u32)
            .expect("just written");
    let unit = 1.0 / 127.0;
    let mut written = Vec::new();
    let mut assigned = vec![0; items];
    let (mut files, mut members_of) = (Vec::new(), Vec::new());
    let (mut colours, mut attributes) = (Vec::new(), Vec::new());
    for partition in 0..partitions {
        let members: Vec<u32> =
            (0..items as u32).filter(|item| *item as usize % partitions == partition).collect();
        members.iter().for_each(|item| assigned[*item as usize] = partition as u32);
        let rows: Vec<&[f32]> =
            members.iter().map(|item| &coefficients[*item as usize * DIMS..][..DIMS]).collect();
        let mean = |axis: usize| rows.iter().map(|row| row[axis]).sum::<f32>() / rows.len() as f32;
        let centroid = (0..DIMS).map(|axis| (mean(axis) / unit).round() as i8).collect();
        let made = writer.partition(&members, &rows.concat());
        written.push(WrittenPartition {
            items: members.len() as u32,
            bytes: [made.codes.len() as u32, made.refinement.len() as u32],
            digests: [Digest::of(&made.codes), Digest::of(&made.refinement)],
            centroid,
        });
        let own: Vec<Colours> = members.iter().map(|item| colours_of(*item)).collect();
        colours.push(ColourCodes::write_partition(&own));
        let own = members.iter().map(|item| columns(&rows_of_items[*item as usize]));
        attributes.push(write_attributes_of_partition(own, whole.columns()));
        files.push(made);
        members_of.push(members);
    }
    let assignments = write_assignments(&assigned);
    let digests = |files: &[Vec<u8>]| files.iter().map(|file| Digest::of(file)).collect::<Vec<_>>();
    let means = Means { colour: 0.5, network: [0.5, 5.0, 20.0] };
    Written {
        codes: writer.codes(&written, unit, &[Digest::of(&assignments)]),
        codec: writer.codec,
        refinement: writer.refinement,
        colours: ColourCodes::write_head(items, &digests(&colours), &means, 0.0),
        attributes: Attributes::write_head(items as u32, whole.columns().len(), &digests(&attributes)),
        embeddings,
        partitions: files,
        partition_colours: colours,
        partition_attributes: attributes,
        members: members_of,
        assignments,
    }
}

impl Written {
    fn open(&self) -> Catalogue {
        let items = self.embeddings.len() as u32;
        let mut catalogue =
            Catalogue::new(Codes::read(&self.codec, &self.codes, items).expect("just written"));
        catalogue.refine(&self.refinement).expect("just written");
        catalogue.give_colours(&self.colours).expect("just written");
        catalogue.give_attributes(&self.attributes).expect("just written");
        catalogue
    }

    fn file(&self, file: File) -> &[u8] {
        let at = file.number as usize;
        match file.kind {
            FileKind::Codes => &self.partitions[at].codes,
            FileKind::Refinement => &self.partitions[at].refinement,
            FileKind::Colours => &self.partition_colours[at],
            FileKind::Attributes => &self.partition_attributes[at],
            FileKind::Assignments => &self.assignments,
        }
    }

    fn load(&self, catalogue: &mut Catalogue, kind: FileKind, number: u32) -> Result<(), FormatError> {
        let file = File { kind, number, bytes: 0 };
        catalogue.load(file, self.file(file))
    }

    /// Runs a search that probes `probe_bytes` first; gives what it finds and the files of each round trip.
    fn search(
        &self,
        catalogue: &mut Catalogue,
        request: SearchRequest,
        probe_bytes: u32,
    ) -> (Vec<Neighbour>, Vec<Vec<File>>) {
        let mut search = Search::new(request);
        search.probe_bytes = probe_bytes;
        let mut trips = Vec::new();
        loop {
            match search.step(catalogue).expect("a search that can be made") {
                Step::Results(found) => return (found, trips),
                Step::Need(files) => {
                    for file in &files {
                        assert!(file.bytes == 0 || file.bytes as usize == self.file(*file).len(), "{file:?}");
                        catalogue.load(*file, self.file(*file)).expect("just written");
                    }
                    trips.push(files);
                }
            }
        }
    }

    fn photo(&self, item: usize) -> Like {
        Like::Photo { embedding: self.embeddings[item].clone(), colours: Some(colours_of(item as u32)) }
    }
}

fn request(like: Like, metric: Metric, colour: f64, rules: &str) -> SearchRequest {
    SearchRequest {
        like,
        metric,
        limit: 5,
        colour: Weight::new(colour).expect("a weight"),
        rules: serde_json::from_str(rules).expect("rules"),
        excluded: Vec::new(),
        rescore: true,
    }
}

#[test]
fn all_partitions_together_are_near_what_was_given() {
    let made = catalogue(120, 5);
    let mut catalogue = made.open();
    assert_eq!(
        (catalogue.partitions().map(Partitions::count), catalogue.items(), catalogue.row(3)),
        (Some(5), 120, None)
    );
    let errors = |catalogue: &Catalogue| {
        let mut decoded = vec![0f32; DIMS];
        let error = |(item, embedding): (usize, &Vec<f32>)| {
            catalogue.codes.decode(catalogue.row(item as u32).expect("loaded"), &mut decoded);
            let squares = embedding.iter().zip(&decoded).map(|(a, b)| f64::from(a - b).powi(2));
            squares.sum::<f64>().sqrt() / norm(embedding)
        };
        made.embeddings.iter().enumerate().map(error).sum::<f64>() / 120.0
    };
    // In any order, and the refinement of some while the codes of others are not loaded yet.
    for partition in [3, 0] {
        made.load(&mut catalogue, FileKind::Codes, partition).expect("just written");
    }
    made.load(&mut catalogue, FileKind::Refinement, 0).expect("just written");
    for partition in [4, 2, 1] {
        made.load(&mut catalogue, FileKind::Codes, partition).expect("just written");
    }
    let some = errors(&catalogue);
    for partition in 1..5 {
        made.load(&mut catalogue, FileKind::Refinement, partition).expect("just written");
    }
    let all = errors(&catalogue);
    assert!(all < 0.02 && all < some && some < 0.1, "{some}, then {all}");
    made.load(&mut catalogue, FileKind::Assignments, 0).expect("just written");
    let partitions = catalogue.partitions().expect("partitions");
    for (partition, members) in (0..).zip(&made.members) {
        assert_eq!(partitions.items_of(&[partition]), *members);
        assert_eq!(partitions.partition_of(members[1]), Some(partition));
    }
    assert_eq!(partitions.partition_of(120), None);
}

#[test]
fn the_nearest_partitions_are_probed_and_what_is_missing_is_told() {
    let made = catalogue(120, 5);
    let mut catalogue = made.open();
    let size = catalogue.partitions().expect("partitions").bytes(2)[0];
    for item in [2u32, 7, 63] {
        let own = item % 5;
        let query =
            catalogue.codes.query(&made.embeddings[item as usize], Metric::Euclidean).expect("one network");
        let partitions = catalogue.partitions().expect("partitions");
        assert_eq!(partitions.nearest(&query.point(), 0), [own], "one at least");
        assert_eq!(partitions.nearest(&query.point(), size * 5 / 2).len(), 2);
        assert_eq!(
            partitions.nearest(&query.point(), PROBE_BYTES).len(),
            5,
            "all are within the first probe"
        );
        assert_eq!(partitions.nearest_to_centroid(own, 0), [own]);
    }
    let missing = |catalogue: &Catalogue, kind, of: &[u32]| {
        let missing = catalogue.partitions().expect("partitions").missing(kind, of);
        missing.into_iter().map(|file| file.number).collect::<Vec<_>>()
    };
    assert_eq!(missing(&catalogue, FileKind::Codes, &[1, 2]), [1, 2]);
    assert!(made.load(&mut catalogue, FileKind::Refinement, 2).is_err(), "codes come first");
    made.load(&mut catalogue, FileKind::Codes, 2).expect("just written");
    assert_eq!(missing(&catalogue, FileKind::Codes, &[1, 2, 9]), [1], "there is no partition 9");
    let to_rescore =
        catalogue.partitions().expect("partitions").partitions_to_rescore(&[7, 2, 1], RESCORE_BYTES);
    assert_eq!(to_rescore, [2], "1 is not loaded");
    made.load(&mut catalogue, FileKind::Refinement, 2).expect("just written");
    assert_eq!(missing(&catalogue, FileKind::Refinement, &[2]), Vec::<u32>::new());
    assert!(catalogue.partitions().expect("partitions").memory() > 0);
    catalogue.evict();
    assert_eq!((missing(&catalogue, FileKind::Codes, &[2]), catalogue.row(2)), (vec![2], None));
    assert_eq!(catalogue.partitions().expect("partitions").memory(), 0);
}

#[test]
fn damaged_and_other_files_are_refused() {
    let made = catalogue(60, 3);
    let mut catalogue = made.open();
    let codes = |number| File { kind: FileKind::Codes, number, bytes: 0 };
    for at in [0, 9, made.partitions[1].codes.len() - 1] {
        made.load(&mut catalogue, FileKind::Codes, 0).expect("just written");
        let mut damaged = made.partitions[1].codes.clone();
        damaged[at] ^= 1;
        assert_eq!(catalogue.load(codes(1), &damaged), Err(FormatError::Digest));
        assert_eq!(catalogue.row(0), None, "nothing is loaded after what was refused");
    }
    assert_eq!(catalogue.load(codes(1), &made.partitions[0].codes), Err(FormatError::Digest));
    assert!(matches!(catalogue.load(codes(3), &made.partitions[0].codes), Err(FormatError::Value(_))));
    made.load(&mut catalogue, FileKind::Codes, 0).expect("just written");
    assert!(
        matches!(made.load(&mut catalogue, FileKind::Codes, 0), Err(FormatError::Value(_))),
        "loaded already"
    );
    let assignments = File { kind: FileKind::Assignments, number: 0, bytes: 0 };
    assert_eq!(catalogue.load(assignments, &made.assignments[1..]), Err(FormatError::Digest));
    let second = File { number: 1, ..assignments };
    assert!(matches!(catalogue.load(second, &made.assignments), Err(FormatError::Value(_))));
    // Layers of a catalogue with other partitions.
    let other = self::catalogue(60, 4);
    assert!(matches!(catalogue.give_colours(&other.colours), Err(FormatError::Value(_))));
    assert!(matches!(catalogue.give_attributes(&other.attributes), Err(FormatError::Value(_))));
}

#[test]
fn paths_are_those_of_the_format() {
    let mut catalogue = catalogue(20, 2).open();
    catalogue.set_folders(Folders { codes: "a".into(), colours: "b".into(), attributes: "c".into() });
    let path = |kind, number| catalogue.path(File { kind, number, bytes: 0 });
    assert_eq!(path(FileKind::Codes, 7), "a/codes-7.bin");
    assert_eq!(path(FileKind::Refinement, 0), "a/refinement-0.bin");
    assert_eq!(path(FileKind::Assignments, 1), "a/assignments-1.bin");
    assert_eq!(
        (path(FileKind::Colours, 2), path(FileKind::Attributes, 3)),
        ("b/2.bin".into(), "c/3.bin".into())
    );
}

/// Every kind of search, by every metric.
fn searches(made: &Written) -> Vec<SearchRequest> {
    let mut requests = Vec::new();
    for metric in Metric::ALL {
        for at in [3, 77, 150] {
            for like in [made.photo(at), Like::Item(at as u32)] {
                for (colour, rules) in [
                    (0.0, "{}"),
                    (0.5, "{}"),
                    (0.0, r#"{"filter":"kind=rare"}"#),
                    (0.3, r#"{"group":"style","boost":[{"when":"kind=rare","factor":0.8}]}"#),
                ] {
                    requests.push(request(like.clone(), metric, colour, rules));
                }
            }
        }
    }
    requests
}

#[test]
fn what_is_loaded_and_evicted_does_not_change_what_is_found() {
    let made = catalogue(300, 30);
    let probe_bytes = made.open().partitions().expect("partitions").bytes(0)[0] * 5;
    let (mut warm, mut tight) = (made.open(), made.open());
    tight.set_memory_budget(15_000);
    let mut evicted = 0;
    for request in searches(&made) {
        let (want, trips) = made.search(&mut made.open(), request.clone(), probe_bytes);
        assert!(!want.is_empty() && trips.len() <= MOST_TRIPS as usize, "{request:?}: {trips:?}");
        let codes = trips.iter().flatten().filter(|file| file.kind == FileKind::Codes).count();
        assert!(codes <= 21, "few of 30 partitions are probed: {codes}");
        let before = tight.partitions().expect("partitions").memory();
        for catalogue in [&mut warm, &mut tight] {
            let (found, trips) = made.search(catalogue, request.clone(), probe_bytes);
            assert!(trips.len() <= MOST_TRIPS as usize, "{request:?}: {trips:?}");
            // What earlier searches have loaded may rescore more candidates, so near ones may change places.
            assert_eq!(found.len(), want.len(), "{request:?}");
            for (found, want) in found.iter().zip(&want) {
                assert!(
                    (found.distance - want.distance).abs() < 2e-2 * want.distance.max(0.1),
                    "{request:?}"
                );
            }
        }
        evicted += usize::from(tight.partitions().expect("partitions").memory() < before);
    }
    assert!(evicted > 3, "the small budget evicts: {evicted}");
    // The last search again needs nothing.
    let last = searches(&made).pop().expect("some");
    assert_eq!(made.search(&mut warm, last, probe_bytes).1, Vec::<Vec<File>>::new());
}

#[test]
fn a_search_of_all_partitions_ranks_as_one_of_all_items() {
    let made = catalogue(200, 8);
    for request in searches(&made) {
        let (found, _) = made.search(&mut made.open(), request.clone(), PROBE_BYTES);
        // By definition: every item in full precision, but for the query's own, which is decoded.
        let mut all = made.open();
        for kind in [FileKind::Codes, FileKind::Refinement, FileKind::Colours, FileKind::Attributes] {
            (0..8).for_each(|partition| made.load(&mut all, kind, partition).expect("just written"));
        }
        let mut search = Search::new(request.clone());
        search.probes = (0..8).collect();
        let want = search.top_k(&all, request.limit).expect("a search that can be made");
        assert_eq!(found.len(), want.len(), "{request:?}");
        for (found, want) in found.iter().zip(&want) {
            assert!((found.distance - want.distance).abs() < 1e-2 * want.distance.max(0.1), "{request:?}");
        }
    }
}

#[test]
fn each_layer_is_loaded_by_who_needs_it_and_a_rare_filter_probes_more() {
    let made = catalogue(300, 30);
    let size = made.open().partitions().expect("partitions").bytes(0)[0];
    let kinds = |trips: &[Vec<File>]| {
        trips
            .iter()
            .map(|files| {
                let count = |kind| files.iter().filter(|file| file.kind == kind).count();
                [
                    FileKind::Assignments,
                    FileKind::Codes,
                    FileKind::Refinement,
                    FileKind::Colours,
                    FileKind::Attributes,
                ]
                .map(count)
            })
            .collect::<Vec<_>>()
    };
    let search = |like, colour, rules| {
        let request = request(like, Metric::Cosine, colour, rules);
        kinds(&made.search(&mut made.open(), request, size * 3).1)
    };
    let [probe, rescore] = search(made.photo(7), 0.0, "{}")[..] else { panic!("two trips") };
    assert_eq!((probe[0], probe[2], probe[3], probe[4]), (0, 0, 0, 0));
    assert!((2..=3).contains(&probe[1]) && rescore[2] > 0 && rescore[1] == 0, "{probe:?} {rescore:?}");
    let [assign, probe, _] = search(Like::Item(7), 0.5, "{}")[..] else { panic!("three trips") };
    assert_eq!((assign, probe[1], probe[2], probe[4]), ([1, 0, 0, 0, 0], probe[3], 1, 0));
    // About one of nine items in three partitions of ten is too few for five.
    let [probe, more, rescore] = search(made.photo(7), 0.0, r#"{"filter":"kind=rare"}"#)[..] else {
        panic!("three trips")
    };
    assert!(probe[1] == probe[4] && more[1] == more[4] && more[1] > probe[1], "{probe:?} {more:?}");
    assert!(rescore[2] > 0 && rescore[1] == 0, "{rescore:?}");
    let items = (0..20).map(|item| search(Like::Item(item), 0.0, r#"{"filter":"kind=rare"}"#));
    let both = |trips: &Vec<[usize; 5]>| trips.len() == 3 && trips[2][1] > 0 && trips[2][2] > 0;
    assert!(items.filter(both).count() > 5, "the last trip of an item probes more and rescores");
    // Without rescoring nothing of the refinement is read.
    let request = SearchRequest { rescore: false, ..request(Like::Item(7), Metric::Cosine, 0.0, "{}") };
    let trips = kinds(&made.search(&mut made.open(), request, size * 3).1);
    assert!(trips.len() == 2 && trips.iter().all(|trip| trip[2] == 0), "{trips:?}");
}

#[test]
fn searches_that_cannot_be_made_say_why() {
    let made = catalogue(60, 3);
    let code = |request: SearchRequest| {
        let mut catalogue = made.open();
        let mut search = Search::new(request);
        loop {
            match search.step(&mut catalogue) {
                Ok(Step::Need(files)) => {
                    files
                        .iter()
                        .for_each(|file| catalogue.load(*file, made.file(*file)).expect("just written"));
                }
                Ok(Step::Results(found)) => panic!("{found:?}"),
                Err(error) => return error.code(),
            }
        }
    };
    let of = |like| request(like, Metric::Cosine, 0.0, "{}");
    assert_eq!(code(of(Like::Item(60))), "item/unknown");
    assert_eq!(code(of(Like::Photo { embedding: vec![1.0; 3], colours: None })), "network/mismatch");
    let photo = Like::Photo { embedding: made.embeddings[0].clone(), colours: None };
    assert_eq!(code(request(photo, Metric::Cosine, 0.5, "{}")), "options/invalid");
    assert_eq!(
        code(request(Like::Item(1), Metric::Cosine, 0.0, r#"{"filter":"kynd=rare"}"#)),
        "filter/unknown-attribute"
    );
}

proptest! {
    #[test]
    fn a_damaged_codes_file_is_refused_or_read_to_the_end(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let made = catalogue(20, 2);
        let mut damaged = made.codes.clone();
        let at = at.index(damaged.len());
        damaged[at] = byte;
        if let Ok(codes) = Codes::read(&made.codec, &damaged, 20) {
            let mut catalogue = Catalogue::new(codes);
            for partition in 0..2 {
                drop(made.load(&mut catalogue, FileKind::Codes, partition));
            }
            drop(Search::new(request(made.photo(0), Metric::Cosine, 0.0, "{}")).step(&mut catalogue));
        }
        prop_assert!(Codes::read(&made.codec, &damaged[..at], 20).is_err());
    }

    #[test]
    fn any_bytes_are_no_partitions(bytes in prop::collection::vec(any::<u8>(), 0..200), items in 0usize..9) {
        drop(Partitions::read(&mut Reader::new(&bytes), items, 16));
    }
}
