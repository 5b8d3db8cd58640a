class Dci < Formula
  desc {{ description | tojson }}
  homepage {{ homepage | tojson }}
  version {{ version | tojson }}
  license any_of: ["MIT", "Apache-2.0"]

{% for system in systems if system.archives %}
  {{ system.block }} do
{% for archive in system.archives %}
    {{ archive.block }} do
      url {{ archive.url | tojson }}
      sha256 {{ archive.sum | tojson }}
    end
{% endfor %}
  end

{% endfor %}
  def install
    bin.install "dci"
    man1.install Dir["man/man1/*.1"]
    bash_completion.install "completion/bash/dci"
    fish_completion.install "completion/fish/dci.fish"
    zsh_completion.install "completion/zsh/_dci"
  end

  test do
    assert_match "invite-expired", shell_output("#{bin}/dci --sandbox resend-invite invite-expired")
  end
end
