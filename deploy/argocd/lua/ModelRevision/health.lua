-- A ModelRevision is a record. One that was rejected has done its job by saying so: what is to be done about it stands on its
-- ModelDeployment, and it stays in the history long after that is mended, so it is never red itself.
local status = obj.status
if status == nil or status.state == nil then
  return { status = "Progressing", message = "Windlass has not looked at it yet." }
end
local message = status.state
if status.message ~= nil and status.message ~= "" then
  message = message .. ": " .. status.message
end
if status.state == "Candidate" then
  return { status = "Progressing", message = message }
end
return { status = "Healthy", message = message }
