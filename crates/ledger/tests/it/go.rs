use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output},
};

use countersign_ledger::{
    Frontier,
    checkpoint::Checkpoint,
    export::{CHECKPOINT_PATH, File, lines, log_files, record_files},
    note::Signer,
    proof::{consistency_proof, inclusion_proof},
    receipt::{Base64, Format, Receipt},
    testing::MemoryLog,
};

/// Where Debian's package `golang-golang-x-mod-dev` puts the sources.
const GOPATH: &str = "/usr/share/gocode";

fn write(folder: &Path, file: &File) -> io::Result<()> {
    let path = folder.join(&file.path);
    fs::create_dir_all(path.parent().unwrap())?;
    fs::write(path, &file.bytes)
}

fn signed(frontier: &Frontier, signer: &Signer) -> String {
    let origin = signer.verifier().name().to_owned();
    Checkpoint { origin, size: frontier.size(), root: frontier.root() }.sign(signer).unwrap()
}

/// Exports a log of `size` leaves of many lengths, its state at `old` leaves, and the record at `index`.
fn export(name: &str, size: u64, old: u64, index: u64) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    let signer = Signer::from_seed("log.example/acme", &[7; 32]).unwrap();
    let (mut log, mut old_note) = (MemoryLog::default(), String::new());
    for number in 0..size {
        if number == old {
            old_note = signed(log.frontier(), &signer);
        }
        log.push(number.to_string().repeat(usize::try_from(number % 50).unwrap()).as_bytes());
    }
    let leaves = log.entries().map(|(leaf, _)| Ok::<_, io::Error>(leaf));
    let frontier = log_files(leaves, |file| write(&folder, &file)).unwrap();
    let checkpoint = signed(&frontier, &signer);
    let receipt = Receipt {
        format: Format::V1,
        index,
        leaf: Base64(log.entries().nth(usize::try_from(index).unwrap()).unwrap().0.to_vec()),
        proof: inclusion_proof(&log, index, size).unwrap(),
        checkpoint: checkpoint.clone(),
        verifier: signer.verifier().to_string(),
        openings: Vec::new(),
    };
    let growth = lines(&consistency_proof(&log, old, size).unwrap());
    for (path, text) in [
        (CHECKPOINT_PATH, checkpoint),
        ("vkey", signer.verifier().to_string()),
        ("old", old_note),
        ("consistency", growth),
    ] {
        write(&folder, &File { path: path.to_owned(), bytes: text.into_bytes() }).unwrap();
    }
    for file in record_files(&receipt) {
        write(&folder.join("record"), &file).unwrap();
    }
    folder
}

/// Runs the Go program; `None` when Go or the package is missing, which is a failure where `CI` is set.
fn verify(folder: &Path) -> Option<Output> {
    let has_package = Path::new(GOPATH).join("src/golang.org/x/mod/sumdb/tlog").is_dir();
    let ran = Command::new("go")
        .args(["run", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/go/verify.go")])
        .arg(folder)
        .env("GO111MODULE", "off")
        .env("GOFLAGS", "-mod=mod")
        .env("GOPATH", GOPATH)
        .env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"))
        .output();
    match ran {
        Ok(output) if has_package => Some(output),
        Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("go can't be run: {error}"),
        _ => {
            #[expect(
                clippy::disallowed_methods,
                reason = "a test asks where it runs, not how the service is set up"
            )]
            let is_ci = std::env::var("CI").is_ok();
            assert!(!is_ci, "go or golang-golang-x-mod-dev is missing");
            None
        }
    }
}

/// Says so on the error stream itself, which the test harness doesn't hold back.
fn say_skipped() {
    writeln!(io::stderr(), "skipped: go or golang-golang-x-mod-dev is missing").unwrap();
}

fn assert_go_verifies(name: &str, size: u64, old: u64, index: u64) {
    match verify(&export(name, size, old, index)) {
        Some(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{size} leaves verified\n"));
        }
        None => say_skipped(),
    }
}

#[test]
fn go_verifies_a_small_log() {
    assert_go_verifies("small", 700, 300, 513);
}

#[test]
fn go_verifies_a_log_with_three_levels_of_tiles() {
    assert_go_verifies("large", 65_836, 65_535, 65_799);
}

#[test]
fn go_refuses_a_log_with_one_bit_flipped() {
    for path in [
        "tile/0/001",
        "tile/entries/002.p/88",
        "tile/1/000.p/2",
        "record/record.tlog-proof",
        "consistency",
        "old",
    ] {
        let folder = export("flipped", 600, 400, 17);
        let mut bytes = fs::read(folder.join(path)).unwrap();
        bytes[60] ^= 1;
        fs::write(folder.join(path), bytes).unwrap();
        match verify(&folder) {
            Some(output) => assert_eq!(output.status.code(), Some(1), "`{path}` flipped was not noticed"),
            None => say_skipped(),
        }
    }
}
