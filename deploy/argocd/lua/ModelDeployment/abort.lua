-- Ends the rollout on its way: a ModelRollback to the revision that serves, good until the spec changes.
local os = require("os")

local rollback = {
  apiVersion = obj.apiVersion,
  kind = "ModelRollback",
  metadata = {
    name = obj.metadata.name .. "-abort-" .. os.time(),
    namespace = obj.metadata.namespace,
    -- For this ModelDeployment alone, not for one that is made under the same name later; and so it is in Argo CD's tree.
    ownerReferences = {
      { apiVersion = obj.apiVersion, kind = obj.kind, name = obj.metadata.name, uid = obj.metadata.uid }
    }
  },
  spec = {
    modelDeployment = obj.metadata.name,
    toRevision = obj.status.stableRevision,
    fromSpecHash = obj.status.specHash,
    reason = "rollout aborted in Argo CD",
    requestedBy = "argocd"
  }
}

return { { operation = "create", resource = rollback } }
