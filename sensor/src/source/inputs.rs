//! Which files are meant: those named, and all below the folders named.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;

/// Files that one run reads at most.
const MAX_FILES: usize = 1_000_000;
/// How deep folders are looked into.
const MAX_DEPTH: usize = 32;

/// A file to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) path: PathBuf,
    /// The folder it was found in, where it was not named itself: then it may be something else than a capture.
    pub(super) found_in: Option<PathBuf>,
    /// Its length; `None` for what can be read only once (standard input, a pipe).
    pub(super) length: Option<u64>,
}

impl Input {
    /// Whether this is standard input.
    pub(super) fn is_standard_input(&self) -> bool {
        self.path.as_os_str() == "-"
    }
}

/// The files that `named` mean, each once, in the order named and, within a folder, in the order of their names. Links to folders are not
/// followed.
pub(super) fn expand(named: &[PathBuf]) -> Result<Vec<Input>, Error> {
    let mut inputs = Vec::new();
    let mut known = HashSet::new();
    for path in named {
        if path.as_os_str() == "-" {
            if known.insert(path.clone()) {
                inputs.push(Input { path: path.clone(), found_in: None, length: None });
            }
            continue;
        }
        let about = fs::metadata(path).map_err(|error| Error::Unreadable { path: path.clone(), error })?;
        if !about.is_dir() {
            let length = about.is_file().then_some(about.len());
            add(&mut inputs, &mut known, Input { path: path.clone(), found_in: None, length })?;
            continue;
        }
        for (file, length) in files_below(path)? {
            add(&mut inputs, &mut known, Input { path: file, found_in: Some(path.clone()), length: Some(length) })?;
        }
    }
    Ok(inputs)
}

/// Adds a file unless it is there already, under whatever name.
fn add(inputs: &mut Vec<Input>, known: &mut HashSet<PathBuf>, input: Input) -> Result<(), Error> {
    // A pipe has a name of its own each time, and what has no real path is told when it is opened.
    let identity = fs::canonicalize(&input.path).unwrap_or_else(|_| input.path.clone());
    if known.insert(identity) {
        inputs.push(input);
    }
    if inputs.len() > MAX_FILES { Err(Error::TooManyFiles { limit: MAX_FILES }) } else { Ok(()) }
}

/// All plain files in `folder` and below with their lengths, ordered by path.
fn files_below(folder: &Path) -> Result<Vec<(PathBuf, u64)>, Error> {
    let mut files = Vec::new();
    let mut folders = vec![(folder.to_owned(), 0)];
    while let Some((folder, depth)) = folders.pop() {
        let unreadable = |error| Error::Unreadable { path: folder.clone(), error };
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = entry.path();
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            // What vanished meanwhile, or leads nowhere, is not there.
            let Ok(about) = fs::metadata(&path) else { continue };
            if about.is_file() {
                files.push((path, about.len()));
            } else if about.is_dir() && !is_link && depth < MAX_DEPTH {
                folders.push((path, depth + 1));
            }
            if files.len() > MAX_FILES || folders.len() > MAX_FILES {
                return Err(Error::TooManyFiles { limit: MAX_FILES });
            }
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_means_all_files_below_it_once_each() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/c")).unwrap();
        for name in ["z", "a", "b/2", "b/c/1"] {
            fs::write(at(name), name).unwrap();
        }
        std::os::unix::fs::symlink(at("b"), at("b/c/loop")).unwrap();
        std::os::unix::fs::symlink(at("a"), at("again")).unwrap();
        std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
        let inputs = expand(&[at("b/2"), folder.path().to_owned(), at("z")]).unwrap();
        let paths: Vec<_> = inputs.iter().map(|input| input.path.clone()).collect();
        assert_eq!(paths, [at("b/2"), at("a"), at("b/c/1"), at("z")]);
        assert_eq!(inputs[0].found_in, None);
        assert_eq!(inputs[1].found_in.as_deref(), Some(folder.path()));
        assert_eq!(inputs[2].length, Some(5));
    }

    #[test]
    fn what_does_not_exist_is_told() {
        let error = expand(&["/nowhere/at/all".into()]).unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/at/all: can't be read: No such file or directory; "), "{error}");
    }

    #[test]
    fn standard_input_is_read_once() {
        let inputs = expand(&["-".into(), "-".into()]).unwrap();
        assert_eq!(inputs.len(), 1);
        assert!(inputs[0].is_standard_input() && inputs[0].length.is_none());
    }
}
