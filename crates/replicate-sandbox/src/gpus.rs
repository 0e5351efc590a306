//! The GPUs that models' containers get.

use std::str::FromStr;

use bollard::models::DeviceRequest;

/// GPUs of the machine.
///
/// ```
/// use replicate_sandbox::Gpus;
///
/// assert_eq!("all".parse(), Ok(Gpus::All));
/// assert_eq!("0,1".parse(), Ok(Gpus::Devices(vec!["0".to_owned(), "1".to_owned()])));
/// assert!("two".parse::<Gpus>().is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gpus {
    /// All of them.
    All,
    /// These, by number or UUID.
    Devices(Vec<String>),
}

/// A text that names no GPUs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is neither all nor a list of GPU numbers or UUIDs, as in 0,1")]
pub struct GpusError(String);

impl FromStr for Gpus {
    type Err = GpusError;

    fn from_str(text: &str) -> Result<Self, GpusError> {
        if text.trim() == "all" {
            return Ok(Self::All);
        }
        let devices: Vec<String> = text.split(',').map(|device| device.trim().to_owned()).collect();
        let is_device = |device: &String| {
            let is_number = !device.is_empty() && device.chars().all(|c| c.is_ascii_digit());
            let rest = device.strip_prefix("GPU-").or_else(|| device.strip_prefix("MIG-"));
            is_number || rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'))
        };
        if devices.iter().all(is_device) { Ok(Self::Devices(devices)) } else { Err(GpusError(text.chars().take(100).collect())) }
    }
}

impl Gpus {
    /// What the Docker daemon is asked for, as by `docker run --gpus`.
    pub(crate) fn requests(&self) -> Vec<DeviceRequest> {
        let (count, device_ids) = match self {
            Self::All => (Some(-1), None),
            Self::Devices(devices) => (None, Some(devices.clone())),
        };
        vec![DeviceRequest { count, device_ids, capabilities: Some(vec![vec!["gpu".to_owned()]]), ..DeviceRequest::default() }]
    }
}
