//! Where the other programs are: beside this one, or in the PATH.

use std::path::{Path, PathBuf};

/// A program is nowhere.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot find the program {name}: it is neither beside {beside} nor in the PATH. \
     Build it with `make build`, or set {key} = false in the configuration if it runs elsewhere",
    beside = beside.display()
)]
pub struct NotFound {
    name: String,
    beside: PathBuf,
    key: &'static str,
}

/// Finds `name`; `key` is the setting that makes it unnecessary.
pub fn find(name: &str, key: &'static str) -> Result<PathBuf, NotFound> {
    let own = std::env::current_exe().unwrap_or_default();
    let path = std::env::var_os("PATH").unwrap_or_default();
    find_in(name, own.parent().unwrap_or(Path::new(".")), std::env::split_paths(&path))
        .ok_or_else(|| NotFound { name: name.to_owned(), beside: own, key })
}

fn find_in(name: &str, beside: &Path, path: impl Iterator<Item = PathBuf>) -> Option<PathBuf> {
    // Test programs stand in `deps/`, one below the programs.
    let above = beside.parent().filter(|_| beside.ends_with("deps")).map(Path::to_owned);
    std::iter::once(beside.to_owned())
        .chain(above)
        .chain(path)
        .map(|folder| folder.join(name))
        .find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_program_beside_wins_over_the_one_in_the_path() {
        let (beside, path) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let look = || find_in("prog", beside.path(), std::iter::once(path.path().to_owned()));
        assert_eq!(look(), None);
        for folder in [&path, &beside] {
            let file = folder.path().join("prog");
            std::fs::write(&file, "").unwrap();
            assert_ne!(look(), Some(file.clone()), "not executable yet");
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
            assert_eq!(look(), Some(file));
        }
    }
}
