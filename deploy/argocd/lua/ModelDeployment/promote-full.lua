-- Skips what is left of the rollout.
if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["windlass.dev/promote"] = obj.status.candidateNumber .. "/full"
return obj
