-- Brings back this revision, until the spec of its ModelDeployment changes.
local os = require("os")

local rollback = {
  apiVersion = obj.apiVersion,
  kind = "ModelRollback",
  metadata = {
    name = obj.spec.modelDeployment .. "-undo-" .. os.time(),
    namespace = obj.metadata.namespace,
    -- The revision's owner: the ModelDeployment of now, not one that is made under the same name later.
    ownerReferences = {}
  },
  spec = {
    modelDeployment = obj.spec.modelDeployment,
    toRevision = obj.metadata.name,
    reason = "undone in Argo CD",
    requestedBy = "argocd"
  }
}
for _, owner in ipairs(obj.metadata.ownerReferences or {}) do
  if owner.kind == "ModelDeployment" then
    table.insert(rollback.metadata.ownerReferences, {
      apiVersion = owner.apiVersion, kind = owner.kind, name = owner.name, uid = owner.uid
    })
  end
end

return { { operation = "create", resource = rollback } }
