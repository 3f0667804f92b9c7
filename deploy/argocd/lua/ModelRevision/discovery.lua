-- What served before can be brought back.
local state = (obj.status or {}).state
return {
  ["undo-to"] = {
    displayName = "Undo to this revision",
    iconClass = "fa fa-fw fa-undo",
    disabled = state ~= "Warm" and state ~= "Retired"
  }
}
