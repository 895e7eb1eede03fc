//! The files of partitions: their kinds and names.

/// What a file of a catalogue's partitions holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// The codes of a partition, with its item numbers.
    Codes = 0,
    /// The refinement of a partition.
    Refinement = 1,
    /// The colours of a partition.
    Colours = 2,
    /// The attributes of a partition.
    Attributes = 3,
    /// The partitions of [`super::ITEMS_PER_ASSIGNMENTS`] consecutive items.
    Assignments = 4,
}

impl FileKind {
    /// Name of the file with this number (of the partition, or of the file of assignments) in the folder of its kind.
    pub fn file_name(self, number: u32) -> String {
        let kind = match self {
            FileKind::Codes => "codes-",
            FileKind::Refinement => "refinement-",
            FileKind::Assignments => "assignments-",
            FileKind::Colours | FileKind::Attributes => "",
        };
        format!("{kind}{number}.bin")
    }
}

/// One file of a catalogue's partitions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct File {
    /// What it holds.
    pub kind: FileKind,
    /// Number of the partition, or of the file of assignments.
    pub number: u32,
    /// Its length, if that is known beforehand; else 0.
    pub bytes: u32,
}

/// The folders that the files of partitions are in, relative to the catalogue's.
#[derive(Clone, Debug, Default)]
pub struct Folders {
    /// Folder of codes, refinement and assignments.
    pub codes: String,
    /// Folder of colours.
    pub colours: String,
    /// Folder of attributes.
    pub attributes: String,
}

impl Folders {
    /// Path of `file`, relative to the catalogue's folder.
    pub fn path(&self, file: File) -> String {
        let folder = match file.kind {
            FileKind::Colours => &self.colours,
            FileKind::Attributes => &self.attributes,
            _ => &self.codes,
        };
        format!("{folder}/{}", file.kind.file_name(file.number))
    }
}

/// The folder with the partitions' files of a layer, colours or attributes; it lies beside the layer's own file, `path`, which
/// has the digests of what is in the folder.
pub fn folder_of_layer(path: &str) -> &str {
    path.strip_suffix(".bin").unwrap_or(path)
}
