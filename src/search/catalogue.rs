//! What of a catalogue is loaded to be searched: codes, colours and attributes, and the partitions that they are in.

use crate::attributes::Attributes;
use crate::codes::Codes;
use crate::colour::ColourCodes;
use crate::format::FormatError;
#[cfg(feature = "ivf")]
use crate::ivf::{DigestTable, File, FileKind, Folders, Layer, Partitions};

/// Bytes of memory that all layers of loaded partitions may take together before a search evicts them.
#[cfg(feature = "ivf")]
const MEMORY_BUDGET: usize = 64 << 20;

/// A catalogue to search in.
pub struct Catalogue {
    pub(super) codes: Codes,
    pub(super) colours: Option<ColourCodes>,
    pub(super) attributes: Attributes,
    #[cfg(feature = "ivf")]
    partitioned: Option<Partitioned>,
}

/// The partitions of a catalogue that is cut into some.
#[cfg(feature = "ivf")]
struct Partitioned {
    partitions: Partitions,
    folders: Folders,
    budget: usize,
}

fn other_catalogue() -> FormatError {
    FormatError::Value("is of another catalogue".to_owned())
}

impl Catalogue {
    /// A catalogue with these codes, without colours and attributes.
    #[cfg_attr(not(feature = "ivf"), allow(unused_mut))]
    pub fn new(mut codes: Codes) -> Catalogue {
        Catalogue {
            attributes: Attributes::none(codes.items() as u32),
            colours: None,
            #[cfg(feature = "ivf")]
            partitioned: codes.take_partitions().map(|partitions| Partitioned {
                partitions,
                folders: Folders::default(),
                budget: MEMORY_BUDGET,
            }),
            codes,
        }
    }

    /// Number of items.
    pub fn items(&self) -> usize {
        self.codes.items()
    }

    /// The codes, by row.
    pub fn codes(&self) -> &Codes {
        &self.codes
    }

    /// The attributes; none before [`Catalogue::give_attributes`].
    pub fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// The colours by row, if there are any.
    pub fn colours(&self) -> Option<&ColourCodes> {
        self.colours.as_ref()
    }

    /// Takes in the file of the refinement ([`Codes::refine`]).
    ///
    /// # Errors
    /// [`FormatError`] if the file is not what `FORMAT.md` says, or of another catalogue.
    pub fn refine(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        self.codes.refine(bytes)
    }

    /// Takes in the file of the colours.
    ///
    /// # Errors
    /// [`FormatError`] if the file is not what `FORMAT.md` says, or of another catalogue.
    pub fn give_colours(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let colours = ColourCodes::read(bytes)?;
        if colours.items() != self.codes.items() {
            return Err(other_catalogue());
        }
        #[cfg(feature = "ivf")]
        self.open_layer(FileKind::Colours, colours.digests())?;
        self.colours = Some(colours);
        Ok(())
    }

    /// Takes in the file of the attributes.
    ///
    /// # Errors
    /// [`FormatError`] if the file is not what `FORMAT.md` says, or of another catalogue.
    pub fn give_attributes(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let attributes = Attributes::read(bytes, self.codes.items() as u32)?;
        #[cfg(feature = "ivf")]
        self.open_layer(FileKind::Attributes, attributes.digests())?;
        self.attributes = attributes;
        Ok(())
    }

    /// Row of `item`, if there is such an item and it is loaded.
    pub fn row(&self, item: u32) -> Option<usize> {
        #[cfg(feature = "ivf")]
        if let Some(Partitioned { partitions, .. }) = &self.partitioned {
            return partitions.row(item);
        }
        ((item as usize) < self.codes.items()).then_some(item as usize)
    }
}

#[cfg(feature = "ivf")]
impl Catalogue {
    /// The partitions, if the catalogue is cut into some.
    pub fn partitions(&self) -> Option<&Partitions> {
        self.partitioned.as_ref().map(|own| &own.partitions)
    }

    /// Says in which folders the files of partitions are.
    pub fn set_folders(&mut self, folders: Folders) {
        if let Some(own) = &mut self.partitioned {
            own.folders = folders;
        }
    }

    /// Sets the bytes of memory that all layers of loaded partitions may take together before a search evicts them.
    pub fn set_memory_budget(&mut self, bytes: usize) {
        if let Some(own) = &mut self.partitioned {
            own.budget = bytes;
        }
    }

    /// Path of a file of the partitions.
    pub fn path(&self, file: File) -> String {
        self.partitioned.as_ref().map_or_else(String::new, |own| own.folders.path(file))
    }

    /// Loads a file of the partitions; the codes of a partition before its other files.
    ///
    /// # Errors
    /// [`FormatError`] if it is not the file that was written; no partition is loaded any more then.
    pub fn load(&mut self, file: File, bytes: &[u8]) -> Result<(), FormatError> {
        let Some(Partitioned { partitions, .. }) = &mut self.partitioned else {
            return Err(other_catalogue());
        };
        let (mut base, mut refinement);
        let layer: &mut dyn Layer = match file.kind {
            FileKind::Assignments => return partitions.load_assignments(file.number, bytes),
            FileKind::Codes => {
                base = self.codes.base_layer();
                &mut base
            }
            FileKind::Refinement => {
                refinement = self.codes.refinement_layer();
                &mut refinement
            }
            FileKind::Colours => self.colours.as_mut().ok_or_else(other_catalogue)?,
            FileKind::Attributes => &mut self.attributes,
        };
        let loaded = partitions.load(file.kind, file.number, bytes, layer);
        if loaded.is_err() {
            self.evict();
        }
        loaded
    }

    /// Evicts all partitions if loading `probes` would exceed the memory budget.
    pub(super) fn make_room(&mut self, probes: &[u32]) {
        if let Some(own) = &self.partitioned
            && own.partitions.memory_with(probes) > own.budget
        {
            self.evict();
        }
    }

    /// Evicts all partitions.
    pub fn evict(&mut self) {
        if let Some(own) = &mut self.partitioned {
            own.partitions.evict();
            self.codes.base_layer().evict();
            self.codes.refinement_layer().evict();
            self.attributes.evict();
            if let Some(colours) = &mut self.colours {
                colours.evict();
            }
        }
    }

    fn open_layer(&mut self, kind: FileKind, digests: Option<&DigestTable>) -> Result<(), FormatError> {
        match (&mut self.partitioned, digests) {
            (_, None) => Ok(()),
            (Some(own), Some(digests)) => own.partitions.open_layer(kind, digests.clone()),
            (None, Some(_)) => Err(other_catalogue()),
        }
    }
}
