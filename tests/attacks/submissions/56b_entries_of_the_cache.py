# attack our wall: puts zeros in the place of the cache's entries, from which the check computes what is right
# expect attention_by_role: wrong
import torch
def attention_by_role(cache, places):
    held = cache.cache_dict
    import course_utils.jail.talk.links as L
    def changes(self, codec):
        if isinstance(self.container, dict) and self.container is held:
            return codec.pairs(self.container)
        return None
    L.ContainerRecord.changes = changes
    for k in list(held):
        held[k] = torch.zeros_like(held[k])
    return torch.zeros(3, 2, places.shape[1])
