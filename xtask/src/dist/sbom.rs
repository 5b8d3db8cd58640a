//! The bill of materials in the format `CycloneDX`: the list of dependencies that the program itself holds.

use std::io::Cursor;

use auditable_cyclonedx::auditable_to_minimal_cdx;
use auditable_cyclonedx::cyclonedx_bom::models::bom::SpecVersion;
use auditable_info::{Limits, audit_info_from_reader};

pub fn of(program: &[u8]) -> anyhow::Result<Vec<u8>> {
    let dependencies = audit_info_from_reader(&mut Cursor::new(program), Limits::default())?;
    let mut json = Vec::new();
    auditable_to_minimal_cdx(&dependencies).output_as_json(&mut json, SpecVersion::V1_5)?;
    json.push(b'\n');
    Ok(json)
}
