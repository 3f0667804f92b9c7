-- Replaces the pods that run now, a few at a time, with new ones of the same revisions.
local os = require("os")

if obj.metadata.annotations == nil then
  obj.metadata.annotations = {}
end
obj.metadata.annotations["windlass.dev/restart"] = os.date("!%Y-%m-%dT%H:%M:%SZ")
return obj
