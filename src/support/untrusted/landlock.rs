//! Restricts the file system, the network and other processes with Landlock. What an older kernel does not know is skipped; what it knows
//! must hold.

use ::landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError,
    RulesetStatus, Scope, path_beneath_rules,
};

use super::policy::IsolationPolicy;

/// The newest version whose restrictions are asked for.
const NEWEST: ABI = ABI::V6;

/// Whether the kernel has Landlock, and a container's filter lets it be used.
pub fn is_available() -> bool {
    let ruleset = Ruleset::default().set_compatibility(CompatLevel::HardRequirement).handle_access(AccessFs::from_all(ABI::V1));
    ruleset.and_then(Ruleset::create).is_ok()
}

/// Restricts this process for good. Returns whether that worked.
pub(super) fn restrict(policy: &IsolationPolicy) -> Result<bool, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?;
    if !policy.network {
        ruleset = ruleset.handle_access(AccessNet::from_all(NEWEST))?;
    }
    let status = ruleset
        .create()?
        .add_rules(path_beneath_rules(&policy.read, AccessFs::from_read(NEWEST)))?
        .add_rules(path_beneath_rules(&policy.write, AccessFs::from_all(NEWEST)))?
        .restrict_self()?;
    Ok(status.ruleset != RulesetStatus::NotEnforced)
}
