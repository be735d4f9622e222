//! Why signing in, or changing an account, is refused; in Chinese and English.

use crate::problem::Words;
use tongtang_protocol::account::SignInStep;

/// Why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Login or password are wrong, there is no such account, or it is shut out: which of these is not said.
    #[error("wrong login or password")]
    WrongPassword,
    /// The second factor's code is wrong, too old, or was used.
    #[error("wrong code")]
    WrongCode,
    /// Signed in halfway.
    #[error("the second factor is missing")]
    StepMissing(SignInStep),
    /// A second factor counts already.
    #[error("a second factor is set up already")]
    HasSecondFactor,
    /// None was set up.
    #[error("no second factor is set up")]
    NoSecondFactor,
    /// The invitation was used, is too old, or was replaced.
    #[error("the invitation is not valid (any more)")]
    BadInvitation,
    /// Too short, too long, too plain.
    #[error("the password is too weak")]
    WeakPassword,
    /// Another account has this login.
    #[error("the login is taken")]
    LoginTaken,
    /// It has, or would get, a role at a place that the caller does not administer.
    #[error("the account reaches beyond the caller's places")]
    BeyondYours,
    /// Who administers does not take that from themselves.
    #[error("one's own account")]
    Yourself,
    /// The account signs in at its provider.
    #[error("the account has no password")]
    ByProvider,
}

impl Refused {
    /// Status, stable word, title and detail in Chinese, then in English.
    pub(crate) fn words(self) -> Words {
        match self {
            Self::WrongPassword => (
                401,
                "wrong_password",
                ["账号或密码不对", "请检查大小写和输入法后重试。忘记密码请找本单位管理员要新的邀请链接。"],
                [
                    "Wrong login or password",
                    "Check capitals and try again. If you forgot it, ask your administrator for a new invitation.",
                ],
            ),
            Self::WrongCode => (
                401,
                "wrong_code",
                [
                    "验证码不对",
                    "请输入验证器里当前的六位数字；每个验证码只能用一次。若一直不对，请校准手机时间。",
                ],
                [
                    "Wrong code",
                    "Type the six digits your authenticator shows now; each works once. If none does, set the phone's clock.",
                ],
            ),
            Self::StepMissing(SignInStep::SecondFactorSetup) => (
                401,
                "second_factor_setup",
                ["请先设置验证器", "管理员账号必须使用两步验证。设置完成前不能进行其他操作。"],
                [
                    "Set up your authenticator first",
                    "Administrators need a second factor. Until it is set up, nothing else is open.",
                ],
            ),
            Self::StepMissing(_) => (
                401,
                "second_factor",
                ["还差一步：输入验证码", "请输入验证器里当前的六位数字，完成登录。"],
                ["One step is missing: the code", "Type the six digits your authenticator shows to sign in."],
            ),
            Self::HasSecondFactor => (
                409,
                "has_second_factor",
                ["已经设置过验证器", "要换手机，请本单位管理员先清除旧的验证器。"],
                [
                    "The authenticator is set up already",
                    "For a new phone, have your administrator clear the old one first.",
                ],
            ),
            Self::NoSecondFactor => (
                409,
                "no_second_factor",
                ["还没有设置验证器", "请先设置验证器，再输入验证码。"],
                ["No authenticator is set up", "Set one up first, then type its code."],
            ),
            Self::BadInvitation => (
                401,
                "bad_invitation",
                ["邀请链接无效", "链接七天内有效，只能用一次。请找管理员要一个新的。"],
                [
                    "The invitation is not valid",
                    "An invitation works once, for seven days. Ask your administrator for a new one.",
                ],
            ),
            Self::WeakPassword => (
                422,
                "weak_password",
                ["密码太简单", "请用 10 到 256 个字符，至少 5 个不同的字符，不要包含账号名。"],
                [
                    "The password is too weak",
                    "Use 10 to 256 characters, at least 5 different ones, without your login in it.",
                ],
            ),
            Self::LoginTaken => (
                409,
                "login_taken",
                ["账号名已被使用", "请换一个账号名，例如加上学校的拼音缩写。"],
                ["The login is taken", "Choose another one, for example with the school's initials."],
            ),
            Self::BeyondYours => (
                403,
                "beyond_yours",
                ["超出您的管理范围", "这个账号的角色或单位不在您的管理范围内。请上级管理员操作。"],
                [
                    "Beyond your places",
                    "A role or place of this account is not yours to give or change. Ask the administrator above you.",
                ],
            ),
            Self::Yourself => (
                409,
                "yourself",
                [
                    "不能停用、删除自己或去掉自己的管理员角色",
                    "这样可以避免没有人能管理。请另一位管理员操作。",
                ],
                [
                    "Not with your own account",
                    "You cannot shut out, remove or demote yourself, so that somebody can always administer. Ask another administrator.",
                ],
            ),
            Self::ByProvider => (
                409,
                "by_provider",
                ["这个账号没有密码", "它通过统一认证登录。请在统一认证平台修改密码。"],
                ["This account has no password", "It signs in at its provider. Change the password there."],
            ),
        }
    }
}
