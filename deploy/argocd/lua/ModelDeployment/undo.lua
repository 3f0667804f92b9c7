-- Brings back the revision that was stable before, until the spec changes: a ModelRollback, which Git need not know.
local os = require("os")

local rollback = {
  apiVersion = obj.apiVersion,
  kind = "ModelRollback",
  metadata = {
    name = obj.metadata.name .. "-undo-" .. os.time(),
    namespace = obj.metadata.namespace,
    -- For this ModelDeployment alone, not for one that is made under the same name later; and so it is in Argo CD's tree.
    ownerReferences = {
      { apiVersion = obj.apiVersion, kind = obj.kind, name = obj.metadata.name, uid = obj.metadata.uid }
    }
  },
  spec = {
    modelDeployment = obj.metadata.name,
    fromSpecHash = obj.status.specHash,
    reason = "undone in Argo CD",
    requestedBy = "argocd"
  }
}

return { { operation = "create", resource = rollback } }
