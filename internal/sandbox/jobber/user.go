package jobber

// CreateUser adds a person of the company and sends USER_CREATE.
func (s *Sandbox) CreateUser(u User) User {
	s.mu.Lock()
	defer s.mu.Unlock()
	u.ID, u.stamp = s.id("User"), stamp{}
	s.create(&u.stamp)
	s.users.add(u.ID, &u)
	s.emit("USER_CREATE", u.ID)
	return u
}

// UpdateUser lets f edit the person and sends USER_UPDATE. There is no topic
// for one who leaves.
func (s *Sandbox) UpdateUser(id string, f func(*User)) error {
	return change(s, &s.users, "update", "user", id, func(u *User) ([]string, error) {
		before := u.stamp
		f(u)
		u.ID, u.stamp = id, before
		return update("USER"), nil
	})
}

func (s *Sandbox) knownUsers(ids []string) error {
	for _, id := range ids {
		if _, err := find(&s.users, "user", id); err != nil {
			return err
		}
	}
	return nil
}
