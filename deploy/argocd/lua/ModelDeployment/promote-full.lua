-- Skips what is left of the rollout; one that failed while it was watched is kept.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["windlass.dev/promote"] = (obj.status.candidateNumber or obj.status.revision) .. "/full"
return obj
